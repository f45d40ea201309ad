"""Turns: what belongs to which, and where their time goes."""

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.model.turns import PASSIVE, Step, Turn, covered, tell

TYPES = (
    "user_prompt", "tool_use", "tool_use", "llm_response", "turn_end", "error", "session_start",
    "session_end", "notification", "permission_request", "compaction",
)  # fmt: skip


def step(at: int, kind: str, **fields: Any) -> Step:
    return Step(id=fields.pop("id", at), at=at, type=kind, **fields)


def one(*steps: Step, running: bool = False) -> Turn:
    [turn] = tell(steps, running=running)
    return turn


def test_a_turn_reaches_from_a_prompt_to_the_last_work_before_the_next() -> None:
    first, second = tell(
        [
            step(10, "session_start"),
            step(20, "user_prompt", words="Mend it"),
            step(30, "llm_response", tokens_in=5, tokens_out=2, cost_nano=7, model="m"),
            step(60, "tool_use", duration=20, tool="Bash", ok=False),
            step(70, "turn_end"),
            step(500, "notification"),
            step(900, "user_prompt", words="And that"),
            step(950, "llm_response", tokens_out=4, model="unknown"),
        ],
        running=True,
    )
    assert (first.number, first.prompt, first.started, first.ended) == (1, "Mend it", 20, 70)
    assert (first.outcome, first.before_ms, first.first_event) == ("done", None, 20)
    assert (first.wait_ms, first.tool_ms, first.model_ms) == (0, 20, 30)
    assert (first.tool_calls, first.failures, first.errors, first.events) == (1, 1, 1, 5)
    assert (first.tokens_in, first.cost_nano, first.models) == (5, 7, ["m"])
    assert (second.number, second.before_ms, second.outcome) == (2, 830, "running")
    assert (second.priced, second.unpriced_tokens, second.models) == (0, 4, ["unknown"])


def test_what_comes_before_the_first_prompt_is_a_turn_without_one() -> None:
    first, second = tell([step(5, "tool_use"), step(9, "user_prompt", words="x")])
    assert (first.prompt, second.prompt, second.before_ms) == (None, "x", 4)
    assert list(tell([step(5, "session_start"), step(6, "hook")])) == []
    assert one(step(5, "notification", tokens_in=3)).tokens_in == 3


def test_a_turn_waits_from_a_question_until_its_tool_runs() -> None:
    turn = one(
        step(0, "user_prompt"),
        step(10, "permission_request", tool="Bash"),
        step(50, "tool_use", tool="Read", duration=45),
        step(100, "tool_use", tool="Bash", duration=20),
        step(110, "turn_end"),
    )
    assert (turn.wait_ms, turn.tool_ms, turn.model_ms) == (70, 25, 15)


def test_where_the_call_s_beginning_is_unknown_its_end_ends_the_wait() -> None:
    for duration in (None, 95):
        asked = [step(0, "user_prompt"), step(10, "permission_request", tool="Bash")]
        turn = one(*asked, step(100, "tool_use", tool="Bash", duration=duration))
        assert turn.wait_ms == 90


def test_a_refused_question_is_over_with_the_next_answer() -> None:
    asked = [step(0, "user_prompt"), step(10, "permission_request", tool="Bash")]
    turn = one(*asked, step(30, "llm_response"), step(40, "turn_end"))
    assert (turn.wait_ms, turn.model_ms) == (20, 20)


def test_a_question_that_nobody_answered_waits_until_the_end() -> None:
    asked = [step(0, "user_prompt"), step(10, "permission_request", tool="Bash")]
    other = step(30, "llm_response", subagent="a")
    turn = one(*asked, other, step(50, "compaction"), running=True)
    assert (turn.wait_ms, turn.outcome) == (40, "running")


def test_a_subagent_belongs_to_the_turn_in_which_it_works() -> None:
    first, second = tell(
        [
            step(0, "user_prompt"),
            step(5, "user_prompt", subagent="a", words="Look it up"),
            step(10, "tool_use", subagent="a", tokens_in=3, duration=4),
            step(20, "turn_end"),
            step(30, "tool_use", subagent="a", tokens_in=4, duration=5),
            step(40, "user_prompt"),
            step(50, "tool_use", subagent="a", tokens_in=5, duration=6),
        ]
    )
    assert (first.subagents, first.tokens_in, first.tool_calls) == (["a"], 7, 2)
    assert (first.ended, first.tool_ms) == (20, 4)
    assert (second.subagents, second.tokens_in, second.ended) == (["a"], 5, 40)


def test_how_a_turn_came_out() -> None:
    prompt = step(0, "user_prompt")
    stopped = step(9, "turn_end", words="interrupted")
    assert one(prompt, stopped, running=True).outcome == "interrupted"
    assert one(prompt, step(9, "error", ok=False)).outcome == "failed"
    assert one(prompt, step(9, "error", ok=False), step(10, "llm_response")).outcome is None
    assert one(prompt, step(9, "turn_end"), step(10, "llm_response")).outcome == "done"
    assert one(prompt, step(9, "turn_end"), step(10, "tool_use"), running=True).outcome == "running"
    assert one(prompt, step(9, "turn_end"), step(10, "session_end")).outcome == "done"


steps = st.lists(
    st.builds(
        Step,
        id=st.just(0),
        at=st.integers(0, 60),
        type=st.sampled_from(TYPES),
        ok=st.booleans(),
        tool=st.sampled_from((None, "Bash", "Edit")),
        duration=st.sampled_from((None, 0, 3, 9, 200)),
        tokens_in=st.integers(0, 3),
        tokens_out=st.integers(0, 3),
        cost_nano=st.sampled_from((None, 0, 5)),
        subagent=st.sampled_from((None, None, "a")),
    ),
    max_size=25,
).map(lambda found: sorted(found, key=lambda s: s.at))


def parts(found: list[Step]) -> list[list[Step]]:
    """The steps of each turn, told by nothing but the prompts."""
    begins = [n for n, s in enumerate(found) if s.type == "user_prompt" and s.subagent is None]
    first = begins[0] if begins else len(found)
    worked = [
        n
        for n, s in enumerate(found[:first])
        if s.type not in PASSIVE or s.tokens_in or s.tokens_out or s.cost_nano is not None
    ]
    edges = [*worked[:1], *begins, len(found)]
    return [found[low:high] for low, high in pairwise(edges)]


@given(steps)
def test_turns_are_what_a_naive_count_gives(found: list[Step]) -> None:
    turns, expected = list(tell(found)), parts(found)
    assert [t.number for t in turns] == list(range(1, len(expected) + 1))
    for turn, part in zip(turns, expected, strict=True):
        assert turn.events == len(part)
        assert turn.errors == sum(not s.ok for s in part)
        calls = [s for s in part if s.type == "tool_use"]
        assert (turn.tool_calls, turn.failures) == (len(calls), sum(not s.ok for s in calls))
        assert turn.tokens_in == sum(s.tokens_in for s in part)
        assert turn.cost_nano == sum(s.cost_nano or 0 for s in part)
        used = [s for s in part if s.cost_nano is None]
        assert turn.unpriced_tokens == sum(s.tokens_in + s.tokens_out for s in used)
        work = [s.at for s in part if s.subagent is None and s.type not in PASSIVE]
        assert (turn.started, turn.ended) == (part[0].at, max([part[0].at, *work]))
        waits = waiting(part, turn.ended)
        moments = range(turn.started, turn.ended)
        tools = {m for s in calls if s.duration for m in range(s.at - s.duration, s.at)}
        assert turn.wait_ms == sum(m in waits for m in moments)
        assert turn.tool_ms == sum(m in tools and m not in waits for m in moments)
        assert turn.model_ms == sum(m not in tools and m not in waits for m in moments)


def waiting(part: list[Step], end: int) -> set[int]:
    """Every millisecond in which a question of a thread is open."""
    moments: set[int] = set()
    for thread in {s.subagent for s in part}:
        mine = [s for s in part if s.subagent == thread]
        until = -1
        for number, asked in enumerate(mine):
            if asked.type != "permission_request" or number < until:
                continue
            answers = (
                (n, at)
                for n, s in enumerate(mine)
                if n > number and (at := answered(s, asked)) is not None
            )
            until, at = next(answers, (len(mine), end))
            moments |= set(range(asked.at, at))
    return moments


def answered(later: Step, asked: Step) -> int | None:
    if later.type != "tool_use":
        ends = ("llm_response", "turn_end", "error", "user_prompt")
        return later.at if later.type in ends else None
    if later.duration is not None and later.at - later.duration >= asked.at:
        return later.at - later.duration
    return later.at if asked.tool in (None, later.tool) else None


spans = st.lists(st.tuples(st.integers(-5, 30), st.integers(-5, 30)), max_size=8)


@given(spans, st.integers(0, 10), st.integers(0, 15))
def test_covered_time_counts_once(found: list[tuple[int, int]], low: int, length: int) -> None:
    painted = {m for a, b in found for m in range(a, b)}
    assert covered(found, low, low + length) == sum(m in painted for m in range(low, low + length))


def test_spans_say_when_in_the_turn_its_time_went_where() -> None:
    [turn] = tell(
        [
            step(1000, "user_prompt"),
            step(1400, "tool_use", duration=300, tool="Read"),
            step(1500, "tool_use", duration=50, tool="Bash", ok=False, subagent="s"),
            step(1600, "permission_request", tool="Bash"),
            step(1900, "tool_use", tool="Bash", duration=100),
            step(2000, "turn_end"),
        ],
        spans=True,
    )
    found = [(s.kind, s.from_ms, s.to_ms, s.name) for s in turn.spans or ()]
    assert found == [
        ("tool", 100, 400, None),
        ("tool", 450, 500, None),
        ("tool", 800, 900, None),
        ("wait", 600, 800, None),
        ("error", 500, 500, None),
        ("subagent", 450, 500, "s"),
    ]


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**4)), max_size=300))
def test_spans_are_few_in_order_and_within_the_turn(calls: list[tuple[int, int]]) -> None:
    steps = [step(at, "tool_use", duration=took) for at, took in sorted(calls)]
    for turn in tell(steps, spans=True):
        spans = turn.spans or []
        length = turn.ended - turn.started
        assert len(spans) <= 202
        assert all(0 <= s.from_ms <= s.to_ms <= length for s in spans)
        assert all(a.to_ms < b.from_ms for a, b in pairwise(spans))
