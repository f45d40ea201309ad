"""What sessions used: request by request in newer databases, as sums that grow in older ones.

``input_tokens`` include what was read from the cache and written to it; versions that do not tell
the cached part apart count it as input, too.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from agentmonitor.agents.documents import count, dollars, mapping, name, nested
from agentmonitor.agents.goose.messages import AGENT_TYPE
from agentmonitor.agents.scene import MAX_ID, SUM, USAGE, Scene
from agentmonitor.model.event import Event


class Tokens(msgspec.Struct, frozen=True):
    """Tokens, each in one class only."""

    fresh: int
    out: int
    read: int
    written: int

    @property
    def any(self) -> bool:
        """Whether anything was used."""
        return bool(self.fresh or self.out or self.read or self.written)


def sums(session: Mapping[str, Any]) -> Tokens:
    """The sums of a session."""
    return _tokens(session, "accumulated_") if _has_sums(session) else _tokens(session, "")


def request(row: Mapping[str, Any]) -> Tokens:
    """One request."""
    return _tokens(row, "")


def model_of(session: Mapping[str, Any]) -> str | None:
    """The model that a session is set to."""
    return name(mapping(nested(session.get("model_config_json"))).get("model_name")) or None


def used(
    scene: Scene, tokens: Tokens, at: int, model: str | None, key: str | None, cost: Any = None,
    *, is_compaction: bool = False,
) -> Event:  # fmt: skip
    """The event. Without a ``key`` it is about the session as a whole."""
    known = key or f"{AGENT_TYPE}:session:{(scene.thread or scene.session_id)[:MAX_ID]}"
    metadata: dict[str, Any] = {} if key else {"scope": "session"}
    if is_compaction:
        metadata["is_compaction"] = True
    return scene.event(
        "llm_response", at, metadata, scene.signal("busy" if key else "none"), (known,),
        report=USAGE if key else SUM, model=model, tokens_in=tokens.fresh, tokens_out=tokens.out,
        cache_read_tokens=tokens.read, cache_write_tokens=tokens.written, cost_usd=dollars(cost),
    )  # fmt: skip


def _has_sums(session: Mapping[str, Any]) -> bool:
    return any(
        session.get(f"accumulated_{kind}_tokens") is not None for kind in ("input", "output")
    )


def _tokens(facts: Mapping[str, Any], prefix: str) -> Tokens:
    read = count(facts.get(f"{prefix}cache_read_tokens"))
    written = count(facts.get(f"{prefix}cache_write_tokens"))
    whole = count(facts.get(f"{prefix}input_tokens"))
    out = count(facts.get(f"{prefix}output_tokens"))
    return Tokens(max(0, whole - read - written), out, read, written)
