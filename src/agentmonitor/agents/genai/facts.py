"""What a record says, by whichever of its names.

Source: the OpenTelemetry semantic conventions for generative AI. There ``input_tokens`` holds what
was read from the cache and written to it. Of several names for a fact the conventions' present one
comes first, then those that they had, and those that instrumentations use besides.

Clients of this program's earlier runtimes write the same facts without a prefix, as attributes or
as a JSON body; there ``input_tokens`` holds no cached ones.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from agentmonitor.agents import documents
from agentmonitor.agents._attributes import Attributes, count, dollars, first, number, words
from agentmonitor.model.event import MAX_INT

FALLBACK = "genai"
_MAX_TYPE = 60
_NO_NAME = "unknown_service"
"""What SDKs call a service whose name nobody set."""

SESSION = ("gen_ai.conversation.id", "gen_ai.session.id", "session.id", "session_id")
MODEL = ("gen_ai.response.model", "gen_ai.request.model", "model")
TOOL = ("gen_ai.tool.name", "tool_name")
CALL = ("gen_ai.tool.call.id", "tool_call_id", "tool_use_id")
RESPONSE = ("gen_ai.response.id",)
OPERATION = ("gen_ai.operation.name",)
COST = ("gen_ai.usage.cost", "gen_ai.usage.cost_usd", "cost_usd")
DURATION = ("gen_ai.latency", "duration_ms")

_USAGE = "gen_ai.usage."
_INPUT = (f"{_USAGE}input_tokens", f"{_USAGE}prompt_tokens")
_OUTPUT = (f"{_USAGE}output_tokens", f"{_USAGE}completion_tokens")
_READ = (f"{_USAGE}cache_read.input_tokens", f"{_USAGE}cache_read_input_tokens")
_WRITE = (
    f"{_USAGE}cache_creation.input_tokens", f"{_USAGE}cache_write.input_tokens",
    f"{_USAGE}cache_creation_input_tokens",
)  # fmt: skip
_REASONING = (f"{_USAGE}reasoning.output_tokens", f"{_USAGE}reasoning_tokens")
_PLAIN = (
    "tool_name", "model", "input_tokens", "output_tokens", "cache_read_tokens",
    "cache_write_tokens", "cost_usd",
)  # fmt: skip


class Usage(msgspec.Struct, frozen=True, gc=False):
    """The tokens of one request; the fields of ``Event`` under their names."""

    tokens_in: int = 0
    tokens_out: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0

    @property
    def any(self) -> bool:
        """Whether anything was used."""
        return bool(
            self.tokens_in or self.tokens_out or self.cache_read_tokens or self.cache_write_tokens
        )


class Facts:
    """One record's facts: those of its attributes, and of its body where it is an object."""

    def __init__(
        self, attributes: Attributes, resource: Attributes, body: Mapping[str, Any] | None = None
    ) -> None:
        self.attributes = attributes
        self.resource = resource
        self.body = body or {}
        self.found: Attributes = {**self.body, **attributes} if self.body else attributes

    def name(self, keys: tuple[str, ...]) -> str:
        """The first of the attributes ``keys`` that holds a name."""
        return first(self.found, *keys)

    def words(self, *keys: str) -> str:
        """The first of the attributes ``keys`` that holds a text."""
        return words(self.found, *keys)

    @property
    def session(self) -> str:
        """The session that the record names; "" when it names none."""
        return first(self.found, *SESSION) or first(self.resource, *SESSION)

    @property
    def is_genai(self) -> bool:
        """Whether the record is about generative AI at all."""
        if any(key.startswith("gen_ai.") for key in self.attributes):
            return True
        return bool(self.session) and any(key in self.found for key in _PLAIN)

    @property
    def agent_type(self) -> str:
        """The agent, by its service's name or else its own."""
        return agent_type(self.resource, self.found)

    @property
    def usage(self) -> Usage:
        """What the request used."""
        read, written = count(self.found, *_READ), count(self.found, *_WRITE)
        given = count(self.found, *_INPUT)
        out = count(self.found, *_OUTPUT)
        if given is None and out is None and read is None and written is None:
            return Usage(
                tokens_in=self._plain("input_tokens"),
                tokens_out=self._plain("output_tokens"),
                cache_read_tokens=self._plain("cache_read_tokens"),
                cache_write_tokens=self._plain("cache_write_tokens"),
            )
        read = self._plain("cache_read_tokens") if read is None else read
        written = self._plain("cache_write_tokens") if written is None else written
        given = self._plain("input_tokens") if given is None else given
        return Usage(
            tokens_in=uncached(given, read, written),
            tokens_out=self._plain("output_tokens") if out is None else out,
            cache_read_tokens=read,
            cache_write_tokens=written,
        )

    @property
    def reasoning(self) -> int:
        """Tokens of thoughts, which are part of the output."""
        return count(self.found, *_REASONING) or 0

    @property
    def cost(self) -> float | None:
        """What the client says that it cost."""
        return dollars(self.found, *COST)

    @property
    def duration(self) -> int | None:
        """Milliseconds."""
        found = number(self.found, *DURATION)
        return None if found is None else min(round(found), MAX_INT)

    def place(self, key: str) -> str | None:
        """The ``project`` or the ``branch``."""
        return first(self.found, key) or first(self.resource, key) or None

    def _plain(self, key: str) -> int:
        return count(self.found, key) or 0


def uncached(given: int, read: int, written: int) -> int:
    """Input without its cached part. Input smaller than that part cannot hold it: such a sender
    counts them beside each other."""
    cached = read + written
    return given - cached if given >= cached else given


def agent_type(resource: Attributes, attributes: Attributes) -> str:
    """The agent that a record comes from: by its service's name, else by its own."""
    service = documents.name(resource.get("service.name"))
    if service.startswith(_NO_NAME):
        service = ""
    for given in (service, first(attributes, "agent_type", "gen_ai.agent.name")):
        if slug := _slug(given):
            return slug
    return FALLBACK


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:_MAX_TYPE].strip("_")
