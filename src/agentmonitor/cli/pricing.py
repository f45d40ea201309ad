"""``agentmonitor pricing``: what models cost, and where the figures are from."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from agentmonitor.config import Settings, load_settings

if TYPE_CHECKING:
    from agentmonitor.pricing.catalogue import Price
    from agentmonitor.pricing.engine import Explanation, Pricer
    from agentmonitor.pricing.plan import Rates

LABELS = ("input", "output", "cache read", "cache write 5m", "cache write 1h")


@click.group("pricing")
def command() -> None:
    """See, explain and renew the prices.

    Example: agentmonitor pricing show claude-opus-4-8
    """


@command.command("list")
@click.option("--provider", help="Only this provider's models, such as anthropic.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show_all(provider: str | None, as_json: bool) -> None:
    """List the models that have a price, in US dollars a million tokens.

    Example: agentmonitor pricing list --provider anthropic
    """
    from agentmonitor.errors import ConfigError
    from agentmonitor.model.clock import now_ms

    pricer = _pricer(load_settings())
    rows = _rows(pricer, now_ms())
    providers = sorted({row["provider"] for row in rows})
    if provider is not None:
        rows = [row for row in rows if row["provider"] == provider.lower()]
        if not rows:
            raise ConfigError(f"No prices of {provider!r}. There are: {', '.join(providers)}.")
    if as_json:
        click.echo(_json({"source": _source(pricer), "models": rows}))
        return
    width = max(len(f"{row['provider']}/{row['model']}") for row in rows)
    click.echo(f"{'model':{width}} {'input':>9} {'output':>9}")
    for row in rows:
        name = f"{row['provider']}/{row['model']}"
        click.echo(f"{name:{width}} {row['input']:9g} {row['output']:9g}")
    click.echo(f"{len(rows)} models; {_source(pricer)}")


@command.command("show")
@click.argument("model")
@click.option("--at", metavar="DATE", help="The day or time (ISO, UTC) to price at (default: now).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(model: str, at: str | None, as_json: bool) -> None:
    """Explain what MODEL costs: which model that is, at whom, its prices and their source.

    Example: agentmonitor pricing show claude-opus-4-6 --at 2026-03-01
    """
    from agentmonitor.pricing.plan import Plan

    moment = _moment(at)
    settings = load_settings()
    pricer = _pricer(settings)
    found = pricer.explain(model)
    if found is None or not found.prices:
        raise _unknown(model, found, pricer, settings)
    from agentmonitor.pricing.catalogue import Model

    entry = Model(id=found.model, prices=found.prices, fast=found.fast, batch=found.batch)
    span = Plan(entry, fast=found.always_fast).at(moment)
    modes = {"standard": span.standard, "fast": span.fast, "batch": span.batch}
    if not found.fast or found.always_fast:
        del modes["fast"]
    if not found.batch or found.always_fast:
        del modes["batch"]
    tables = {mode: _table(rates) for mode, rates in modes.items()}
    if as_json:
        import msgspec

        click.echo(_json(msgspec.to_builtins(found) | {"at": _iso(moment), "rates": tables}))
        return
    click.echo(f"{model} is {found.model} of {found.provider}")
    click.echo(f"At {_iso(moment)}, in US dollars a million tokens:")
    for mode, table in tables.items():
        for row in table:
            above = f", prompts above {row['above']:,} tokens" if row["above"] else ""
            click.echo(f"  {mode}{above}")
            for label in LABELS:
                click.echo(f"    {label:15} {row[label]:g}")
            if row["web search"]:
                click.echo(f"    {'web searches':15} {row['web search']:g} a thousand")
            if row["request"]:
                click.echo(f"    {'requests':15} {row['request']:g} a thousand")
    if len(found.prices) > 1:
        click.echo("Over time (of those that hold, the last counts):")
        for price in found.prices:
            click.echo(f"  {_when(price)}: {_brief(price)}")
    click.echo(f"From {found.source}" + (f" of {found.date}" if found.date else ""))
    for note in found.notes:
        click.echo(f"Note: {note}")


@command.command("refresh")
def renew() -> None:
    """Fetch the newest prices. They are checked first; when that fails the old ones stay.

    Example: agentmonitor pricing refresh
    """
    from agentmonitor.pricing.files import refreshed_file
    from agentmonitor.pricing.refresh import refresh

    settings = load_settings()
    target = refreshed_file()
    known = _pricer(settings).catalogue
    today = datetime.now(UTC).date().isoformat()
    catalogue, strange = refresh(settings.prices_url, target, known, today)
    count = sum(len(provider.decoded()) for provider in catalogue.providers)
    click.echo(f"The prices of {count:,} models were written to {target}.")
    if strange:
        click.echo(f"Left out, as this version does not understand them: {len(strange)} models.")
    click.echo("A server that runs uses them after its next start.")


def _pricer(settings: Settings) -> "Pricer":
    """With files that are wrong reported here and not in a log."""
    from agentmonitor.pricing.files import make_pricer, overrides_file
    from agentmonitor.pricing.overrides import load_overrides

    load_overrides(overrides_file(settings))
    return make_pricer(settings)


def _rows(pricer: "Pricer", now: int) -> list[dict[str, Any]]:
    from agentmonitor.pricing.plan import Plan

    models = [("you", model) for model in pricer.overrides.models()]
    for provider in pricer.catalogue.providers:
        models += [(provider.id, model) for model in provider.decoded()]
    rows = []
    for name, model in models:
        rates = Plan(model).at(now).standard
        if rates is not None:
            rows.append(
                {"provider": name, "model": model.id, "input": rates[1], "output": rates[2]}
            )
    return rows


def _source(pricer: "Pricer") -> str:
    return f"{pricer.catalogue.source} of {pricer.catalogue.date}"


def _moment(at: str | None) -> int:
    from agentmonitor.errors import ConfigError
    from agentmonitor.model.clock import from_iso, now_ms

    if at is None:
        return now_ms()
    try:
        return from_iso(at)
    except ValueError as error:
        raise ConfigError(f"--at {at!r} is no date; write it as 2026-03-01.") from error


def _unknown(
    model: str, found: "Explanation | None", pricer: "Pricer", settings: Settings
) -> Exception:
    from difflib import get_close_matches

    from agentmonitor.errors import ConfigError
    from agentmonitor.pricing.files import overrides_file
    from agentmonitor.pricing.overrides import EXAMPLE

    if found is not None:
        what = f"{found.provider} does not sell {found.model} by tokens, so it has no price."
    else:
        names = {row["model"].lower(): row["model"] for row in _rows(pricer, 0)}
        near = [names[n] for n in get_close_matches(model.lower(), names, n=5, cutoff=0.5)]
        what = f"No price is known for {model!r}."
        if near:
            what += f" The nearest names: {', '.join(near)}."
    example = EXAMPLE.replace("my-model", model.replace('"', ""))
    return ConfigError(f"{what} To set one, write {example} to {overrides_file(settings)}")


def _table(rates: "Rates | None") -> list[dict[str, float]]:
    """The prices, then those of each larger prompt."""
    rows = []
    above: float = 0
    while rates is not None:
        limit, *prices, search, request, dearer = rates
        row = dict(zip(LABELS, prices, strict=True))
        rows.append(
            {"above": above} | row | {"web search": search / 1000, "request": request / 1000}
        )
        above, rates = limit, dearer
    return rows


def _when(price: "Price") -> str:
    hours = "" if price.hours is None else " from {} to {} UTC".format(*price.hours)
    return (f"since {price.start}" if price.start else "always" if hours else "at first") + hours


def _brief(price: "Price") -> str:
    from agentmonitor.pricing.catalogue import AMOUNTS

    parts = []
    for field in AMOUNTS:
        amount = getattr(price, field)
        if isinstance(amount, list):
            steps = zip(amount[1::2], amount[2::2], strict=True)
            tiers = "".join(f" ({value:g} above {above:,.0f})" for above, value in steps)
            parts.append(f"{field} {amount[0]:g}{tiers}")
        elif amount is not None:
            parts.append(f"{field} {amount:g}")
    return ", ".join(parts)


def _iso(moment: int) -> str:
    from agentmonitor.model.clock import to_iso

    return to_iso(moment)[:16].replace("T", " ")


def _json(value: Any) -> str:
    import msgspec

    return msgspec.json.format(msgspec.json.encode(value)).decode()
