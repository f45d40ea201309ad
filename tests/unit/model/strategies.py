"""JSON documents, sound and not."""

from typing import Any

from hypothesis import strategies as st

TYPES = (
    "tool_use", "session_start", "session_end", "error", "llm_request", "llm_response",
    "response", "file_change", "git_commit", "plan_step", "user_prompt", "turn_end",
    "permission_request", "notification", "subagent_start", "subagent_end", "compaction", "hook",
)  # fmt: skip
TEXTS = ("event_id", "tool_name", "branch", "project", "model", "source")
COUNTS = ("tokens_in", "tokens_out", "cache_read_tokens", "cache_write_tokens", "duration_ms")
FIELDS = (
    "session_id", "agent_type", "event_type", "status", *TEXTS, *COUNTS, "cost_usd", "metadata",
    "client_timestamp",
)  # fmt: skip
MOST = 2**53 - 1


def texts(least: int = 0) -> st.SearchStrategy[str]:
    """Text that UTF-8 can hold."""
    return st.text(st.characters(codec="utf-8"), min_size=least, max_size=20)


def json_values() -> st.SearchStrategy[Any]:
    """Any JSON value."""
    plain = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(allow_nan=False, allow_infinity=False),
        texts(),
    )
    return st.recursive(
        plain,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4), st.dictionaries(texts(), inner, max_size=4)
        ),
        max_leaves=8,
    )


def json_objects() -> st.SearchStrategy[dict[str, Any]]:
    """Any JSON object."""
    return st.dictionaries(texts(), json_values(), max_size=6)


def stamps() -> st.SearchStrategy[str]:
    """Timestamps in the spellings that senders use."""
    moments = st.datetimes(min_value=_year(1971), max_value=_year(9998))
    return st.one_of(
        moments.map(lambda m: m.isoformat() + "Z"),
        moments.map(lambda m: m.isoformat(timespec="milliseconds") + "+05:30"),
        moments.map(lambda m: m.isoformat(" ", "seconds")),
        moments.map(lambda m: m.date().isoformat()),
    )


def _year(year: int) -> Any:
    from datetime import datetime

    return datetime(year, 1, 1)  # noqa: DTZ001 - hypothesis wants it naive


def sound_events() -> st.SearchStrategy[dict[str, Any]]:
    """Events that must be accepted."""
    name = texts(1).filter(lambda t: bool(t.strip()) and "\0" not in t)
    pad = st.sampled_from(("", " ", "\t", "\u2003"))
    padded = st.builds(lambda left, text, right: left + text + right, pad, name, pad)
    optional: dict[str, st.SearchStrategy[Any]] = {
        "status": st.sampled_from((None, "success", "error", "timeout")),
        "cost_usd": st.one_of(st.none(), st.integers(0, 10**6), st.floats(0, 1e6)),
        "metadata": json_values(),
        "client_timestamp": st.one_of(st.none(), stamps()),
        "more": json_values(),
    }
    optional |= {k: st.one_of(st.none(), st.just("  "), padded) for k in TEXTS}
    optional |= {k: st.one_of(st.none(), st.integers(0, MOST)) for k in COUNTS}
    return st.fixed_dictionaries(
        {"session_id": padded, "agent_type": padded, "event_type": st.sampled_from(TYPES)},
        optional=optional,
    )


def messy_events() -> st.SearchStrategy[dict[str, Any]]:
    """Objects that look like events: any field may be missing or hold anything."""
    odd = st.one_of(
        json_values(), st.sampled_from(("", " ", "tool_use", "error", "x" * 1025, "a\0b", MOST + 1))
    )
    spoilt = st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, odd))
    return st.builds(lambda sound, bad: sound | bad, sound_events(), spoilt)
