"""The value of each setting: from the first layer that has a valid one, else its default."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from agentmonitor.config.declared import Setting
from agentmonitor.config.layers import Layer
from agentmonitor.config.settings import Capture, Resolved

_CAPTURES: dict[str, Capture] = {"full": "full", "metadata": "metadata", "off": "off"}


class Value(NamedTuple):
    """What was found for a setting."""

    field: Any
    """As ``Settings`` has it."""
    resolved: Resolved


class _Invalid(Exception):
    """The text is no value of the setting; it says why."""


class Resolver:
    """Looks settings up and collects what is wrong with them."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        """``layers``: the first one wins."""
        self._layers = layers
        self.problems: list[str] = []

    def names(self) -> list[str]:
        """Every name that has a value, sorted."""
        return sorted({name for layer in self._layers for name in layer.values})

    def find(self, setting: Setting) -> Value:
        """The setting's value. An invalid one is a problem, and the next layer's counts."""
        invalid: list[str] = []
        for layer in self._layers:
            text = layer.values.get(setting.name)
            if text is None:
                continue
            try:
                value = _parse(setting, text, layer)
            except _Invalid as error:
                if setting.kind == "capture":
                    # What cannot be read must not mean that more is kept than was asked for.
                    told = f"{layer.told(setting.name)} {error}; keeping only metadata."
                    self.problems.append(told)
                    value = "metadata"
                else:
                    invalid.append(f"{layer.told(setting.name)} {error}")
                    continue
            self._report(invalid, value)
            where = layer.where(setting.name)
            resolved = Resolved(setting.name.lower(), _shown(value), layer.origin, where)
            return Value(_as_field(setting, value), resolved)
        self._report(invalid, setting.default)
        resolved = Resolved(setting.name.lower(), _shown(setting.default), "default")
        return Value(_as_field(setting, setting.default), resolved)

    def _report(self, invalid: list[str], used: object) -> None:
        instead = "the default" if used is None else f"{_shown(used)}"
        self.problems += [f"{each}; using {instead}." for each in invalid]


def _parse(setting: Setting, text: str, layer: Layer) -> Any:
    """The value in the setting's own unit. Raises _Invalid."""
    match setting.kind:
        case "text":
            return text
        case "path":
            return _path(text, layer)
        case "capture":
            known = _CAPTURES.get(text.lower())
            if known is None:
                raise _Invalid("is none of full, metadata, off")
            return known
        case "hosts":
            return [host.strip().lower() for host in text.split(",") if host.strip()]
        case _:
            return _number(setting, text)


def _number(setting: Setting, text: str) -> float | int:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (setting.least <= value <= setting.most) or math.isinf(value):
        upto = f" and at most {setting.most:g}" if setting.most < math.inf else ""
        raise _Invalid(f"is not a number of at least {setting.least:g}{upto}")
    if setting.kind == "integer" and value != int(value):
        raise _Invalid("is not a whole number")
    return int(value) if value == int(value) else value


def _path(text: str, layer: Layer) -> Path:
    try:
        path = Path(text).expanduser()
    except RuntimeError:  # "~somebody" who does not exist
        raise _Invalid("is not a path") from None
    # A service has no folder of its own to start from: in the file, paths are relative to it.
    return path if layer.path is None else layer.path.parent / path


def _as_field(setting: Setting, value: Any) -> Any:
    match setting.kind:
        case "kilobytes":
            return int(1024 * value)
        case "minutes":
            return 60 * value
        case "hosts":
            return frozenset(value or ())
        case _:
            return value


def _shown(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value
