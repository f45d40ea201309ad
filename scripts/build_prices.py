"""Compile the shipped price catalogue from the maintained package ``genai-prices``.

Run through ``make prices``; needs ``genai-prices`` installed. Writes
``src/agentmonitor/pricing/data/catalogue.json``.
"""

import json
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from genai_prices.data import providers

PROVIDERS = ("anthropic", "openai", "google", "x-ai", "deepseek", "mistral", "moonshotai", "zai")
FIELDS = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cache_read": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
}
TARGET = Path(__file__).parents[1] / "src/agentmonitor/pricing/data/catalogue.json"


def clause(match: Any) -> dict[str, Any]:
    """One matching rule as JSON."""
    kind = type(match).__name__
    if kind == "ClauseOr":
        return {"or": [clause(part) for part in match.or_]}
    if kind == "ClauseAnd":
        return {"and": [clause(part) for part in match.and_]}
    for name in ("equals", "starts_with", "ends_with", "contains", "regex"):
        if hasattr(match, name):
            return {name: getattr(match, name)}
    raise ValueError(f"A rule of an unknown kind: {match}")


def price(prices: Any) -> dict[str, Any] | None:
    """US dollars a million tokens, with the dearer tiers; None when not priced by tokens."""
    result: dict[str, Any] = {}
    tiers: dict[int, dict[str, float]] = {}
    for name, field in FIELDS.items():
        value = getattr(prices, field, None)
        if value is None:
            continue
        if hasattr(value, "base"):
            result[name] = float(value.base)
            for tier in value.tiers:
                tiers.setdefault(tier.start, {})[name] = float(tier.price)
        else:
            result[name] = float(value)
    if "input" not in result:
        return None
    if tiers:
        result["tiers"] = [{"above": start} | tiers[start] for start in sorted(tiers)]
    return result


def dated(prices: Any) -> list[dict[str, Any]]:
    """Prices with the day from which each holds; prices by time of day are left out."""
    if not isinstance(prices, list):
        prices = [type("Always", (), {"constraint": None, "prices": prices})]
    result = []
    for entry in prices:
        start = getattr(entry.constraint, "start_date", None)
        if entry.constraint is not None and start is None:
            continue
        compiled = price(entry.prices)
        if compiled is not None:
            result.append({"from": start.isoformat() if start else None} | compiled)
    return result


def main() -> None:
    """Write the catalogue."""
    found = []
    for provider in providers:
        if provider.id not in PROVIDERS:
            continue
        for model in provider.models:
            prices = dated(model.prices)
            if prices:
                found.append(
                    {
                        "id": model.id,
                        "provider": provider.id,
                        "match": clause(model.match),
                        "prices": prices,
                    }
                )
    catalogue = {
        "source": f"genai-prices {metadata.version('genai-prices')}",
        "date": datetime.now(UTC).date().isoformat(),
        "unit": "US dollars a million tokens",
        "models": found,
    }
    TARGET.write_text(
        json.dumps(catalogue, indent=None, separators=(",", ":")).replace('{"id"', '\n{"id"') + "\n"
    )
    print(f"{len(found)} models written to {TARGET.name}")


if __name__ == "__main__":
    main()
