"""Newer prices, fetched when the user asks for them: ``agentmonitor pricing refresh``."""

import os
import tempfile
from pathlib import Path

import msgspec

from agentmonitor.errors import AgentMonitorError
from agentmonitor.paths import make_private_folder
from agentmonitor.pricing.catalogue import Catalogue, decode, encode
from agentmonitor.pricing.convert import convert

MAX_BYTES = 16 * 1024 * 1024
"""The published data is about 1 MB."""
TIMEOUT_S = 20.0
SOURCE = "genai-prices, refreshed"
_KEPT = 0.9
"""The share of the known models that must still have a price."""


class RefreshFailed(AgentMonitorError):
    """The prices stay as they were; the text says why and what to do."""


def refresh(url: str, target: Path, known: Catalogue, day: str) -> tuple[Catalogue, list[str]]:
    """Fetch, check and write the catalogue ``target``; also what had to be left out.

    ``known`` is the catalogue in use, ``day`` today (ISO date). Raises RefreshFailed, and then
    ``target`` is untouched.
    """
    data = fetch(url)
    try:
        catalogue, strange = convert(data, SOURCE, day)
    except (msgspec.DecodeError, RecursionError) as error:
        raise RefreshFailed(
            f"What {url} sent is not price data ({error}). Check AGENTMONITOR_PRICES_URL."
        ) from error
    encoded = encode(catalogue)
    check(decode(encoded), known)
    _write(target, encoded)
    return catalogue, strange


def fetch(url: str) -> bytes:
    """What lies at ``url`` (http or https). Raises RefreshFailed."""
    from http.client import HTTPException  # on use: only this command needs them
    from urllib.error import URLError
    from urllib.request import Request, urlopen

    if not url.startswith(("https://", "http://")):
        raise RefreshFailed(f"{url} is no web address. Set AGENTMONITOR_PRICES_URL to one.")
    try:
        request = Request(url, headers={"User-Agent": "agentmonitor"})  # noqa: S310  # http(s) only
        with urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
            data: bytes = answer.read(MAX_BYTES + 1)
    except (URLError, OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise RefreshFailed(
            f"{url} cannot be fetched ({reason}). The prices stay as they were; "
            "check the network, or set AGENTMONITOR_PRICES_URL."
        ) from error
    if len(data) > MAX_BYTES:
        raise RefreshFailed(
            f"{url} sent more than {MAX_BYTES >> 20} MiB, which price data never is. "
            "The prices stay as they were; check AGENTMONITOR_PRICES_URL."
        )
    return data


def check(new: Catalogue, known: Catalogue) -> None:
    """Raises RefreshFailed when ``new`` lacks too much of what is ``known``."""
    before, after = _priced(known), _priced(new)
    for provider, models in before.items():
        lost = sorted(models - after.get(provider, set()))
        if len(lost) > (1 - _KEPT) * len(models):
            raise RefreshFailed(
                f"The new data has no price for {len(lost)} of {len(models)} models of {provider}"
                f" (such as {lost[0]}), so it is taken to be damaged. The prices stay as they "
                "were; try again tomorrow, or update AgentMonitor."
            )


def _priced(catalogue: Catalogue) -> dict[str, set[str]]:
    """By maker and mode, the models that have prices."""
    found: dict[str, set[str]] = {}
    for provider in catalogue.providers:
        if provider.match is None:
            continue  # those who only resell change their lists often
        for model in provider.decoded():
            for mode, prices in (
                ("", model.prices),
                (" (fast)", model.fast),
                (" (batch)", model.batch),
            ):
                if prices:
                    found.setdefault(provider.id + mode, set()).add(model.id)
    return found


def _write(target: Path, data: bytes) -> None:
    """Replace ``target`` at once: who reads it sees the old file or the new one."""
    try:
        make_private_folder(target.parent)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=target.name)
    except (OSError, AgentMonitorError) as error:
        raise _unwritable(target, error) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, target)
    except OSError as error:
        raise _unwritable(target, error) from error
    finally:
        Path(name).unlink(missing_ok=True)


def _unwritable(target: Path, error: Exception) -> RefreshFailed:
    reason = getattr(error, "strerror", None) or error
    return RefreshFailed(
        f"{target} cannot be written ({reason}). The prices stay as they were; "
        "make its folder writable."
    )
