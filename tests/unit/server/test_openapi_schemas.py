"""Structs as the schemas and parameters of the OpenAPI file."""

from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec
import pytest

from agentmonitor.model.event import Event
from agentmonitor.model.wire import Batch
from agentmonitor.server.operation import JSON, LINES, Operation, answers
from agentmonitor.server.progress import Came, Failed
from agentmonitor.server.query import Limit, SessionFilters
from agentmonitor.server.routes.health import Health
from agentmonitor.server.routes.sessions_v2 import SessionsQuery
from scripts.build_openapi import Declarations, Document
from scripts.openapi_schemas import Schemas, nullable, parameters, reachable

T = TypeVar("T")


class Part(msgspec.Struct):
    """A part."""

    name: str
    size: int | None = None
    more: str | msgspec.UnsetType = msgspec.UNSET


class Scarce(msgspec.Struct, omit_defaults=True):
    name: str
    size: int = 0


class Holding(msgspec.Struct, Generic[T]):
    held: T


def made(*kinds: Any, answered: bool = True) -> dict[str, Any]:
    return Schemas(kinds, answered=answered).components


def test_an_answer_has_every_field_that_is_not_left_out() -> None:
    part = made(Part)["Part"]
    assert part["required"] == ["name", "size"]
    assert part["properties"]["size"] == {"anyOf": [{"type": "integer"}, {"type": "null"}]}
    assert made(Scarce)["Scarce"]["required"] == ["name"]


def test_what_arrives_needs_only_what_has_no_default() -> None:
    part = made(Part, answered=False)["Part"]
    assert part["required"] == ["name"]
    assert part["properties"]["size"]["default"] is None


def test_texts_come_from_the_source() -> None:
    health = made(Health)["Health"]
    assert health["properties"]["uptime"]["description"] == "Seconds since the start."
    assert health["description"] == "`GET /api/health`."
    told = {each["name"]: each.get("description") for each in parameters(SessionsQuery)}
    inherited = {each["name"]: each.get("description") for each in parameters(SessionFilters)}
    assert told["q"] == inherited["q"] == "Text in the session's title, id or folder."
    assert told["model"] == "The model that was used last."


def test_parameters_are_the_fields_of_the_struct() -> None:
    class Query(msgspec.Struct):
        name: Annotated[str, msgspec.Meta(max_length=9)]
        order: Literal["asc", "desc"] = "desc"
        limit: Limit | None = None

    assert parameters(Query) == [
        {
            "name": "name",
            "in": "query",
            "required": True,
            "schema": {"type": "string", "maxLength": 9},
        },
        {
            "name": "order",
            "in": "query",
            "schema": {"enum": ["asc", "desc"], "default": "desc"},
        },
        {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1}},
    ]


def test_a_union_is_one_of_its_types_and_a_generic_struct_has_a_plain_name() -> None:
    schemas = Schemas([Came[Part], Failed], answered=True)
    assert set(schemas.components) == {"CamePart", "Failed", "Part"}
    assert schemas.of(Came[Part] | Failed) == {
        "oneOf": [
            {"$ref": "#/components/schemas/CamePart"},
            {"$ref": "#/components/schemas/Failed"},
        ]
    }
    assert set(made(Holding[list[Part]])) == {"HoldingListPart", "Part"}


def test_two_types_of_one_name_are_refused() -> None:
    other = msgspec.defstruct("Part", [("name", str)], module="elsewhere")
    with pytest.raises(ValueError, match="rename one: \\['Part'\\]"):
        made(Part, other)


def test_what_may_be_null_may_be_empty_too() -> None:
    schema = {
        "required": ["id"],
        "properties": {
            "id": {"type": "string", "minLength": 1},
            "name": {"type": "string", "minLength": 1, "default": "api", "description": "A name."},
        },
    }
    assert nullable(schema)["properties"] == {
        "id": {"type": "string", "minLength": 1},
        "name": {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "A name."},
    }


def test_only_what_is_referred_to_is_kept() -> None:
    ref = "#/components/schemas/"
    components = {"A": {"items": {"$ref": f"{ref}B"}}, "B": {"$ref": f"{ref}A"}, "C": {}}
    assert set(reachable(components, [{"$ref": f"{ref}A"}])) == {"A", "B"}


async def handler(*_: object) -> Any:
    """Do it. More of it."""


def test_a_route_that_declares_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="GET /x declares no operation"):
        Declarations().add("GET", "/x", handler)


def test_an_operation_has_the_errors_that_follow_from_what_it_takes() -> None:
    # The document knows of the types that need a word of their own.
    told = Operation(answers(Health), body={JSON: Event, LINES: Batch}, errors=(507,))
    found = [("POST", "/api/v2/{id}", handler, told), ("GET", "/x", handler, Operation({200: {}}))]
    paths = Document(found).content()["paths"]
    posted = paths["/api/v2/{id}"]["post"]["responses"]
    assert set(posted) == {"200", "400", "403", "404", "413", "500", "503", "507"}
    assert posted["400"] == {"$ref": "#/components/responses/Problem400"}
    assert set(paths["/x"]["get"]["responses"]) == {"200", "403", "500", "503"}
    assert paths["/x"]["get"]["responses"]["500"]["$ref"].endswith("ErrorAnswer500")
