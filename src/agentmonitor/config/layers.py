"""Where values come from: the environment and the file, as texts by the settings' names."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from agentmonitor.config.declared import PREFIX, SETTINGS, open_setting
from agentmonitor.errors import ConfigError

MAX_BYTES = 1 << 20
AGENTS = "agents"
"""The table that holds a table for each agent."""


class Layer(NamedTuple):
    """One source of values."""

    origin: Literal["environment", "file"]
    values: Mapping[str, str]
    """By the variable's name without the prefix; none is empty."""
    path: Path | None = None
    """The file."""

    def where(self, name: str) -> str:
        """What a value of that name came from."""
        return str(self.path) if self.path is not None else PREFIX + name

    def told(self, name: str) -> str:
        """A value with its name, for a message."""
        if self.path is None:
            return f"{PREFIX}{name}={self.values[name]!r}"
        return f"{name.lower()} = {self.values[name]!r} in {self.path}"


def environment_layer(environ: Mapping[str, str]) -> Layer:
    """The variables with our prefix."""
    values = {
        name.removeprefix(PREFIX): text.strip()
        for name, text in environ.items()
        if name.startswith(PREFIX) and text.strip()
    }
    return Layer("environment", values)


def file_layer(path: Path, problems: list[str], *, must_exist: bool) -> Layer:
    """What the file says; nothing if there is none. What is no setting goes to ``problems``.

    Raises ConfigError when the file cannot be read, or is no TOML.
    """
    values: dict[str, str] = {}
    document = _document(path, must_exist=must_exist)
    for key, value in document.items():
        if key == AGENTS and isinstance(value, dict):
            for agent, table in value.items():
                if isinstance(table, dict):
                    for name, each in table.items():
                        _take(values, f"{AGENTS}.{agent}.{name}", f"{name}_{agent}", each, path,
                              problems)  # fmt: skip
                else:
                    problems.append(f"{AGENTS}.{agent} in {path} is no table; it is left out.")
        else:
            _take(values, key, key, value, path, problems)
    return Layer("file", values, path)


def _document(path: Path, *, must_exist: bool) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        if must_exist:
            raise ConfigError(
                f"{PREFIX}CONFIG names {path}, and there is no such file. "
                "Write one with 'agentmonitor config init', or unset the variable."
            ) from None
        return {}
    except OSError as error:
        raise ConfigError(
            f"The settings in {path} cannot be read ({error.strerror}). "
            "Give yourself the right to read it, or name another file with AGENTMONITOR_CONFIG."
        ) from None
    import tomllib  # most installations have no file

    try:
        if len(data) > MAX_BYTES:
            raise ValueError(f"it is larger than {MAX_BYTES >> 20} MiB")
        return tomllib.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise ConfigError(
            f"{path} is not valid TOML: {reason}. Correct it, or move it away to do without."
        ) from None


def _take(
    values: dict[str, str], shown: str, key: str, value: object, path: Path, problems: list[str]
) -> None:
    """Put one value of the file among ``values``, or say why not."""
    name = key.upper()
    if key != key.lower() or not (name in _NAMES or open_setting(name)):
        problems.append(f"{shown} in {path} is no setting{_likely(key)}; it is left out.")
        return
    text = _text(name, value)
    if text is None:
        wanted = "a list of texts" if name == _LIST else "a number or a text"
        problems.append(f"{shown} in {path} must be {wanted}; it is left out.")
    elif name in values:
        problems.append(f"{shown} in {path} is set twice; the first one counts.")
    elif text:
        values[name] = text


_NAMES = frozenset(setting.name for setting in SETTINGS)
_LIST = "ALLOWED_HOSTS"


def _text(name: str, value: object) -> str | None:
    """A value as the environment would have it; None when it is of another kind."""
    if isinstance(value, list) and name == _LIST and all(isinstance(each, str) for each in value):
        return ",".join(value)
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return None


def _likely(key: str) -> str:
    from difflib import get_close_matches  # only for what is misspelt

    found = get_close_matches(key.upper(), _NAMES, n=1)
    return f" (did you mean {found[0].lower()}?)" if found else ""
