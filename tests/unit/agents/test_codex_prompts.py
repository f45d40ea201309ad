"""What a human said is told from what only stands in the human's name, and where it belongs."""

from tests.fixtures.codex.build import Rollout
from tests.unit.agents.test_codex_rollouts import of, read


def test_without_a_meta_line_the_files_name_tells_the_thread() -> None:
    rollout = Rollout().turn("go")
    events = read(rollout.lines, f"{rollout.name}.zst").events
    assert {event.session_id for event in events} == {rollout.thread}
    assert {event.session_id for event in read(rollout.lines, "rollout-odd.jsonl").events} == {
        "rollout-odd"
    }


def test_an_editors_context_is_no_part_of_the_prompt() -> None:
    message = "# Context from my IDE setup:\n\n## Open tabs:\n- a.py\n\n## My request for Codex:\nFix it\n"  # noqa: E501
    rollout = Rollout().meta().turn().event("user_message", message=message, kind="plain")
    rollout.event("user_message", message="", images=["data:image/png;base64,"])
    rollout.event("user_message", message="# AGENTS.md instructions for /x\n<INSTRUCTIONS>")
    prompts = [event.metadata["prompt"] for event in of(read(rollout.lines), "user_prompt")]
    assert prompts == ["Fix it\n", "[image]"]


def test_the_same_words_again_are_another_prompt() -> None:
    rollout = Rollout().meta().turn("yes").event("user_message", message="yes")
    first, second = of(read(rollout.lines), "user_prompt")
    assert first.keys[0].startswith("codex:turn:")
    assert all(key.startswith("~") for key in second.keys)
    assert second.event_id is not None
