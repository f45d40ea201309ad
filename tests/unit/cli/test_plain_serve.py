"""The short way to a server, and what goes the long way through click."""

from pathlib import Path

import pytest

from agentmonitor.cli import plain_serve
from agentmonitor.cli.plain_serve import serve_plainly
from agentmonitor.errors import ConfigError

LONG = [
    ["--help"], ["--port"], ["--port", "abc"], ["--port", "65536"], ["--port", "-1"],
    ["--port", "\u0663"], ["--db", "."], ["--other", "1"], ["--port", "--db"], ["extra"],
    ["--port=3141"], ["--port", "1", "extra"],
]  # fmt: skip


@pytest.mark.parametrize("arguments", LONG, ids=" ".join)
def test_whatever_click_has_to_say_something_about_is_left_to_it(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setattr(plain_serve, "run", lambda *told: pytest.fail(f"served {told}"))
    serve_plainly(arguments)


def test_sound_options_are_served_and_end_with_0(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told: list[object] = []
    monkeypatch.setattr(plain_serve, "run", lambda *options: told.append(options))
    with pytest.raises(SystemExit) as end:
        serve_plainly(["--db", str(tmp_path / "a.db"), "--port", "0"])
    with pytest.raises(SystemExit):
        serve_plainly([])
    assert end.value.code == 0
    assert told == [(None, 0, tmp_path / "a.db"), (None, None, None)]


def test_an_expected_error_is_a_line_and_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise ConfigError("Use another port.")

    monkeypatch.setattr(plain_serve, "run", refuse)
    with pytest.raises(SystemExit) as end:
        serve_plainly([])
    assert (end.value.code, capsys.readouterr().err) == (1, "agentmonitor: Use another port.\n")
