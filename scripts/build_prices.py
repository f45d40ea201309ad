"""Compile the shipped price catalogue from the maintained package ``genai-prices``.

Run through ``make prices``; needs ``genai-prices`` installed. Writes
``src/agentmonitor/pricing/data/catalogue.json``. The same version makes the same file.
"""

import dataclasses
import json
from datetime import date, time
from decimal import Decimal
from importlib import metadata
from pathlib import Path
from typing import Any

from genai_prices.data import providers
from genai_prices.types import ModelPrice

from agentmonitor.pricing.catalogue import encode
from agentmonitor.pricing.convert import convert

TARGET = Path(__file__).parents[1] / "src/agentmonitor/pricing/data/catalogue.json"
RELEASED = {"0.2.3": "2026-11-10"}
"""The day on which each version was released (`uv lock` writes it as ``upload-time``), which is
the day of its data. The package itself does not say."""


def published(value: Any) -> Any:
    """The package's objects in the shape of the JSON that the project publishes."""
    if isinstance(value, ModelPrice):
        return {key: published(each) for key, each in vars(value).items() if each is not None}
    if dataclasses.is_dataclass(value):
        fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        return {
            name.rstrip("_"): published(each)
            for name, each in fields.items()
            if each is not None and not name.startswith("_") and name != "extractors"
        }
    if isinstance(value, dict):
        return {key: published(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [published(each) for each in value]
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date | time):
        return value.isoformat()
    return value


def build() -> bytes:
    """The catalogue file."""
    version = metadata.version("genai-prices")
    if version not in RELEASED:
        raise SystemExit(f"Add the day on which genai-prices {version} was released to RELEASED.")
    data = json.dumps(published(providers)).encode()
    catalogue, strange = convert(data, f"genai-prices {version}", RELEASED[version])
    if strange:
        raise SystemExit("convert.py does not understand:\n" + "\n".join(strange))
    return encode(catalogue)


def main() -> None:
    """Write the catalogue."""
    data = build()
    TARGET.write_bytes(data)
    models = data.count(b'\n{"id"')
    print(f"{models} models, {len(data) / 1000:.0f} kB written to {TARGET.name}")


if __name__ == "__main__":
    main()
