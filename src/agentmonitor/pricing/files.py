"""Where the price files lie. Importing this touches no disk."""

from pathlib import Path

from agentmonitor.config import Settings
from agentmonitor.paths import config_dir, data_dir
from agentmonitor.pricing.engine import Pricer


def overrides_file(settings: Settings) -> Path:
    """The user's own prices: AGENTMONITOR_PRICES_PATH, or ``pricing.json`` in the platform's
    configuration folder, e.g. ``~/.config/agentmonitor``."""
    if settings.prices_path is not None:
        return settings.prices_path
    return config_dir() / "pricing.json"


def refreshed_file() -> Path:
    """The catalogue that ``agentmonitor pricing refresh`` fetched."""
    return data_dir() / "prices.json"


def make_pricer(settings: Settings) -> Pricer:
    """A pricer that knows the user's files."""
    return Pricer(overrides_file(settings), refreshed_file())
