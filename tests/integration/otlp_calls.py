"""Calls over gRPC as exporters make them."""

from __future__ import annotations

from typing import Any

import grpc
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs_service

from tests.contract.client import unique

EXPORT = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
TRIED_AGAIN = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
"""By the OTLP specification, exporters keep what was answered so, and send it once more."""


def channel_to(port: int) -> grpc.Channel:
    return grpc.insecure_channel(f"127.0.0.1:{port}", [("grpc.max_send_message_length", -1)])


def outcome(
    channel: grpc.Channel,
    body: bytes,
    compression: grpc.Compression | None = None,
    method: str = EXPORT,
) -> tuple[grpc.StatusCode, bytes]:
    call: Any = channel.unary_unary(method)
    try:
        return grpc.StatusCode.OK, call(body, compression=compression, timeout=30)
    except grpc.RpcError as failed:
        error: Any = failed  # which has the methods of a call
        return error.code(), (error.details() or "").encode()


def claude_logs(session: str, *requests: int) -> logs_service.ExportLogsServiceRequest:
    """Claude Code's ``api_request`` records with so many tokens each."""
    message = logs_service.ExportLogsServiceRequest()
    group = message.resource_logs.add()
    service = group.resource.attributes.add()
    service.key, service.value.string_value = "service.name", "claude-code"
    scope = group.scope_logs.add()
    for tokens in requests:
        record = scope.log_records.add()
        record.body.string_value = "claude_code.api_request"
        texts = {
            "session.id": session, "event.name": "api_request", "model": "claude-sonnet-4-5",
            "event.timestamp": "2026-11-20T10:00:00.000Z", "request_id": unique("req"),
            "input_tokens": str(tokens),
        }  # fmt: skip
        for key, value in texts.items():
            attribute = record.attributes.add()
            attribute.key, attribute.value.string_value = key, value
    return message
