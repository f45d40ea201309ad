"""What errors say."""

from agentmonitor.server import errors
from agentmonitor.server.http import MAX_BODY, BodyTooLarge


def test_a_body_that_is_too_large_is_told_the_limit() -> None:
    answer = errors.answer(BodyTooLarge(MAX_BODY))
    assert answer.status == 413
    assert b"larger than 1 MiB" in answer.body
