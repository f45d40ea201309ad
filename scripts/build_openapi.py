"""Make the OpenAPI file from what the routes declare.

Run through ``make openapi``. Writes ``src/agentmonitor/server/openapi.json``, which the server
sends as it is; a test fails while the file is not what this makes. The same code makes the same
file, one path or schema on a line.
"""

import inspect
import json
import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

from agentmonitor import __version__
from agentmonitor.server.app import all_routes
from agentmonitor.server.http import ErrorAnswer
from agentmonitor.server.operation import EVENT_STREAM, JSON, LINES, Operation
from agentmonitor.server.router import Handler, Router
from agentmonitor.server.v2 import PREFIX, Paged, Problem
from scripts.openapi_schemas import Schema, Schemas, alternatives, nullable, parameters, reachable

TARGET = Path(__file__).parents[1] / "src/agentmonitor/server/openapi.json"
ABOUT = """\
All that AgentMonitor serves. Times in answers are ISO 8601 in UTC with milliseconds, costs US \
dollars. Contract version 1 (`/api/…`) and `/api/v2/…` stand side by side; fields may be added to \
answers. Every GET can be asked for with HEAD as well. A parameter that is absent or empty has its \
default, one that is not listed is left out of account."""
PROBLEM = "application/problem+json"
RESPONSE = "#/components/responses/"
EVERYWHERE = (403, 500, 503)
"""Errors that any call can have: a foreign page, a fault of ours, too much work or the end."""
MEANINGS = {
    200: "Done.",
    201: "Stored: the answer comes after the commit.",
    304: "The caller has it already.",
    400: "The request is not acceptable.",
    403: "The host, the origin or the site of the caller may not do this.",
    404: "There is no such thing.",
    413: "The body is too large; nothing of it was stored.",
    415: "The body is encoded in an unknown way.",
    500: "The server failed; its log says why.",
    501: "This installation cannot do it; the text says what is missing.",
    503: "Too much waits or runs; try again after `Retry-After`.",
    507: "The disk is full or may not be written; nothing was stored.",
}
ERRORS = [status for status in MEANINGS if status >= HTTPStatus.BAD_REQUEST]
PATH_TEXTS = {"id": "The session's id.", "agent": "The agent's name in addresses: `claude-code`."}


class Declarations(Router):
    """Keeps what the routes declare, in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, Handler, Operation]] = []

    def add(
        self, method: str, path: str, handler: Handler, operation: Operation | None = None
    ) -> None:
        """Remember one. Raises ValueError when nothing is declared."""
        if operation is None:
            raise ValueError(f"{method} {path} declares no operation")
        super().add(method, path, handler, operation)
        self.found.append((method, path, handler, operation))


class Document:
    """The file, from the declarations."""

    def __init__(self, found: Sequence[tuple[str, str, Handler, Operation]]) -> None:
        operations = [operation for *_, operation in found]
        arriving = [kind for each in operations for kind in (each.body or {}).values()]
        answered = [
            kind
            for each in operations
            for content in each.answers.values()
            for told in content.values()
            for kind in alternatives(told)
        ]
        self._arriving = Schemas(_once(arriving), answered=False)
        self._answered = Schemas(_once([*answered, ErrorAnswer, Problem]), answered=True)
        self._found = found
        self._errors: set[str] = set()

    def content(self) -> Schema:
        """All of it."""
        paths: dict[str, Schema] = {}
        for method, path, handler, operation in self._found:
            told = self._operation(method, path, handler, operation)
            paths.setdefault(path, {})[method.lower()] = told
        responses = {
            f"{shape.__name__}{status}": self._answer(status, {media: shape})
            for media, shape in ((JSON, ErrorAnswer), (PROBLEM, Problem))
            for status in ERRORS
        }
        responses = {name: told for name, told in responses.items() if name in self._errors}
        return {
            "openapi": "3.1.0",
            "info": {"title": "AgentMonitor", "version": __version__, "description": ABOUT},
            "servers": [{"url": "/"}],
            "paths": dict(sorted(paths.items())),
            "components": {
                "responses": responses,
                "schemas": reachable(self._components(), [paths, responses]),
            },
        }

    def _components(self) -> Schema:
        arriving, answered = self._arriving.components, self._answered.components
        both = arriving.keys() & answered.keys()
        if both:
            raise ValueError(f"These arrive and are answered under one name: {sorted(both)}")
        # Whoever sends an event may write null for what there is not.
        nullable(arriving["Event"])["description"] = "One thing that an agent did."
        # An event of a batch that is not acceptable is named in the answer, and no fault of it.
        arriving["Batch"]["properties"]["events"]["items"] = {
            "anyOf": [arriving["Batch"]["properties"]["events"]["items"], {}]
        }
        return dict(sorted((arriving | answered).items()))

    def _operation(self, method: str, path: str, handler: Handler, operation: Operation) -> Schema:
        summary, _, more = (inspect.getdoc(handler) or "").partition("\n")
        asked = [_path_parameter(name) for name in re.findall(r"{(\w+)}", path)]
        if operation.query is not None:
            asked += parameters(operation.query)
        asked += [
            {"name": name, "in": "header", "description": text, "schema": {"type": "string"}}
            for name, text in operation.headers.items()
        ]
        told: Schema = {
            "operationId": "_".join([method.lower(), *re.findall(r"\w+", path)]),
            "summary": summary.replace("``", "`"),
            "tags": [_tag(path)],
        }
        if more.strip():
            told["description"] = " ".join(more.replace("``", "`").split())
        if asked:
            told["parameters"] = asked
        if operation.body is not None:
            told["requestBody"] = {
                "required": operation.required,
                "content": {
                    media: {"schema": self._arriving.of(kind)}
                    for media, kind in operation.body.items()
                },
            }
        told["responses"] = self._responses(path, operation)
        return told

    def _responses(self, path: str, operation: Operation) -> Schema:
        errors = {*EVERYWHERE, *operation.errors}
        if operation.query is not None or operation.headers or operation.body is not None:
            errors.add(400)
        if operation.body is not None:
            errors.add(413)
        if "{id}" in path:
            errors.add(404)
        shape = Problem if path.startswith(PREFIX) else ErrorAnswer
        names = {status: f"{shape.__name__}{status}" for status in errors}
        self._errors.update(names.values())
        found = {status: {"$ref": RESPONSE + name} for status, name in names.items()}
        found |= {status: self._answer(status, told) for status, told in operation.answers.items()}
        return {str(status): found[status] for status in sorted(found)}

    def _answer(self, status: int, content: Any) -> Schema:
        told: Schema = {"description": MEANINGS[status]}
        kinds = [kind for each in content.values() for kind in alternatives(each)]
        if any(isinstance(kind, type) and issubclass(kind, Paged) for kind in kinds):
            text = 'The address of the next page, with `rel="next"`.'
            told["headers"] = {"Link": {"description": text, "schema": {"type": "string"}}}
        if status == HTTPStatus.NOT_MODIFIED:
            told["headers"] = {"ETag": {"schema": {"type": "string"}}}
        if content:
            told["content"] = {media: self._media(media, kind) for media, kind in content.items()}
        return told

    def _media(self, media: str, kind: Any) -> Schema:
        if media == LINES:
            return {"schema": {"type": "string"}, "x-lines": self._answered.of(kind)}
        if media == EVENT_STREAM:
            return {"schema": {"type": "string"}, "x-data": self._answered.of(kind)}
        return {"schema": self._answered.of(kind)}


def build() -> bytes:
    """The file."""
    declarations = Declarations()
    all_routes(declarations)
    return _written(Document(declarations.found).content()).encode()


def _once(kinds: Iterable[Any]) -> list[Any]:
    return list({str(kind): kind for kind in kinds}.values())


def _path_parameter(name: str) -> Schema:
    schema = {"type": "string", "minLength": 1}
    told = {"name": name, "in": "path", "required": True, "schema": schema}
    return told | {"description": PATH_TEXTS[name]}


def _tag(path: str) -> str:
    if path.startswith(PREFIX):
        return "version 2"
    telling = ("/v1/", "/api/otel/", "/api/hooks/", "/api/statusline/")
    return "agents" if path.startswith(telling) else "version 1"


def _written(node: Any, depth: int = 0) -> str:
    """JSON, compact, with an entry of the outer levels on a line: changes can be read."""
    if not isinstance(node, dict) or depth == 3:
        return json.dumps(node, ensure_ascii=False, separators=(",", ":"))
    parts = [f"{json.dumps(key)}:{_written(each, depth + 1)}" for key, each in node.items()]
    return "{\n" + ",\n".join(parts) + "\n}" + ("\n" if depth == 0 else "")


if __name__ == "__main__":
    TARGET.write_bytes(build())
    print(f"{TARGET.name}: {TARGET.stat().st_size:,} bytes")
