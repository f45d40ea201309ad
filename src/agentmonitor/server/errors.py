"""The one place where exceptions become answers. Every error is JSON, none shows a trace."""

import logging

from agentmonitor.errors import (
    Closed,
    InvalidInput,
    Overloaded,
    StorageError,
    StorageFull,
    Unsupported,
)
from agentmonitor.server.http import BodyTooLarge, FieldFault, Response, error_response
from agentmonitor.server.router import MethodNotAllowed, NotFound

log = logging.getLogger(__name__)

_AGAIN = [(b"retry-after", b"1")]


def answer(error: Exception) -> Response:
    """The answer that stands for ``error``."""
    match error:
        case InvalidInput():
            if not error.details:
                return error_response(400, str(error))
            details = [FieldFault(field, text) for field, text in error.details]
            return error_response(400, str(error), details=details)
        case NotFound():
            return error_response(404, f"There is nothing at {str(error)[:200]}.")
        case MethodNotAllowed():
            allowed = ", ".join(error.allowed)
            message = f"{error.method} is not possible here; use {allowed}."
            return error_response(405, message, [(b"allow", allowed.encode())])
        case BodyTooLarge():
            most = f"{error.limit // 1024**2} MiB"
            message = f"The body is larger than {most}; nothing of it was stored. Send it in parts."
            return error_response(413, message)
        case Unsupported():
            return error_response(501, str(error))
        case Overloaded() | Closed():
            return error_response(503, str(error), _AGAIN)
        case StorageFull():
            return error_response(507, f"{error} Nothing of this request was stored.")
        case StorageError():
            return error_response(500, f"{error} Nothing of this request was stored.")
        case _:
            log.error("A request failed", exc_info=error)
            return error_response(500, "Something went wrong in the server; its log says what.")
