"""What an exporter over gRPC is told of a failure: whether to try again."""

import grpc
import pytest

from agentmonitor.errors import Closed, InvalidInput, Overloaded, StorageError, StorageFull
from agentmonitor.server.otlp_grpc import status_of


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidInput("It is broken."), grpc.StatusCode.INVALID_ARGUMENT),
        (Overloaded("Later."), grpc.StatusCode.UNAVAILABLE),
        (Closed("Over."), grpc.StatusCode.UNAVAILABLE),
        (StorageError("Not now."), grpc.StatusCode.UNAVAILABLE),
        (StorageFull("No room."), grpc.StatusCode.UNAVAILABLE),
    ],
)
def test_an_expected_failure_says_what_it_is(error: Exception, code: grpc.StatusCode) -> None:
    assert status_of(error) == (code, str(error))


def test_any_other_failure_is_logged_and_shows_nothing(caplog: pytest.LogCaptureFixture) -> None:
    code, message = status_of(RuntimeError("secret"))
    assert code is grpc.StatusCode.INTERNAL
    assert "secret" not in message
    assert "secret" in caplog.text
