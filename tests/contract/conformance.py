"""Answers held against the OpenAPI file, whoever asked."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs

FILE = Path(__file__).parents[2] / "src/agentmonitor/server/openapi.json"
DOCUMENT: dict[str, Any] = json.loads(FILE.read_bytes())
LINES = "application/x-ndjson"
EVENTS = "text/event-stream"
OF_GATE = {404, 405, 400}
"""What is answered before it is known which operation is meant, or to what is no HTTP."""


def closed(document: dict[str, Any] = DOCUMENT) -> dict[str, Any]:
    """``document``, whose answers may have no field that is not in it."""
    found = deepcopy(document)
    schemas = found["components"]["schemas"]
    for schema in schemas.values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    # Of what arrives, fields that are not known are left out of account.
    for name in ("Event", "Batch"):
        del schemas[name]["additionalProperties"]
    return found


@cache
def _components() -> dict[str, Any]:
    found: dict[str, Any] = closed()["components"]
    return found


@cache
def _validator(text: str) -> Any:
    schema = {**json.loads(text), "components": _components()}
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


def check_shape(value: object, schema: Mapping[str, Any]) -> None:
    """Fails when ``value`` is not what the schema says, or has more fields."""
    _validator(json.dumps(schema)).validate(value)


@cache
def _templates() -> list[tuple[re.Pattern[str], str]]:
    # The exact ones first, as the router does.
    paths = sorted(DOCUMENT["paths"], key=lambda path: "{" in path)
    return [(re.compile(re.sub(r"{\w+}", "[^/]+", re.escape(p).replace("\\", ""))), p)
            for p in paths]  # fmt: skip


def operation(method: str, path: str) -> dict[str, Any] | None:
    """What the document says about a request; None when it is about nothing."""
    method = "get" if method == "HEAD" else method.lower()
    for pattern, template in _templates():
        if pattern.fullmatch(path):
            found: dict[str, Any] | None = DOCUMENT["paths"][template].get(method)
            return found
    return None


def response_of(told: dict[str, Any], status: int) -> dict[str, Any] | None:
    """What the operation says about a status."""
    found: dict[str, Any] | None = told["responses"].get(str(status))
    if found is not None and "$ref" in found:
        found = DOCUMENT["components"]["responses"][found["$ref"].rsplit("/", 1)[1]]
    return found


def check(response: httpx.Response) -> None:
    """Fails when the document knows nothing of such an answer. Reads the body if it is JSON."""
    request = response.request
    path = request.url.raw_path.decode().partition("?")[0]
    told = operation(request.method, path)
    if told is None:
        return
    found = response_of(told, response.status_code)
    if found is None and response.status_code in OF_GATE:
        return
    assert found is not None, f"{request.method} {path} must not answer {response.status_code}"
    kind = response.headers.get("content-type", "").partition(";")[0]
    content = found.get("content", {})
    assert kind in (content or {""}), f"{request.method} {path} must not answer {kind}"
    if kind == LINES:
        for line in response.read().splitlines():
            check_shape(json.loads(line), content[kind]["x-lines"])
    elif kind.endswith("json") and request.method != "HEAD":
        check_shape(json.loads(response.read()), content[kind]["schema"])
