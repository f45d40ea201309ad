"""Newer prices are fetched, checked and written at once; on any failure the old ones stay."""

import json
from pathlib import Path
from typing import Any

import pytest

from agentmonitor.pricing import refresh as module
from agentmonitor.pricing.catalogue import load_file, load_shipped
from agentmonitor.pricing.engine import Pricer
from agentmonitor.pricing.refresh import RefreshFailed, refresh
from tests.unit.pricing.web import DATA, serving

SHIPPED = load_shipped()
DAY = "2999-01-01"


def changed(change: Any) -> bytes:
    data = json.loads(DATA)
    change({provider["id"]: provider for provider in data})
    return json.dumps(data).encode()


def test_what_was_fetched_is_used(tmp_path: Path) -> None:
    def dearer(providers: dict[str, Any]) -> None:
        (opus,) = [m for m in providers["anthropic"]["models"] if m["id"] == "claude-opus-4-8"]
        opus["prices"]["input_mtok"] = 50

    target = tmp_path / "data" / "prices.json"
    with serving(changed(dearer)) as url:
        catalogue, strange = refresh(url, target, SHIPPED, DAY)
    assert strange == []
    assert load_file(target) == catalogue or load_file(target).date == DAY
    pricer = Pricer(refreshed=target)
    assert pricer.cost_of("claude-opus-4-8", 1_000_000, 0, 0, 0, 0) == pytest.approx(50)
    assert list(target.parent.iterdir()) == [target]


def test_the_same_data_makes_the_shipped_catalogue(tmp_path: Path) -> None:
    """The build and the refresh go one way."""
    with serving(DATA) as url:
        refresh(url, tmp_path / "prices.json", SHIPPED, SHIPPED.date)
    fetched = load_file(tmp_path / "prices.json")
    for mine, theirs in zip(fetched.providers, SHIPPED.providers, strict=True):
        assert (mine.id, mine.match) == (theirs.id, theirs.match)
        assert mine.decoded() == theirs.decoded()


def test_a_model_of_an_unknown_kind_is_left_out_and_named(tmp_path: Path) -> None:
    def odd(providers: dict[str, Any]) -> None:
        providers["anthropic"]["models"][0]["prices"] = {"input_mtok": -1}

    with serving(changed(odd)) as url:
        _, strange = refresh(url, tmp_path / "prices.json", SHIPPED, DAY)
    assert len(strange) == 1


def no_anthropic(providers: dict[str, Any]) -> None:
    providers["anthropic"]["models"] = []


def no_batch(providers: dict[str, Any]) -> None:
    for model in providers["openai"]["models"]:
        model.pop("price_variants", None)


def all_negative(providers: dict[str, Any]) -> None:
    for model in providers["google"]["models"]:
        model["prices"] = {"input_mtok": -1}


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"<html>not here</html>", 200, "not price data"),
        (b"[]", 200, "no price for"),
        (b"{}", 200, "not price data"),
        (b"[" * 100_000, 200, "not price data"),
        (DATA[:-10], 200, "not price data"),
        (DATA, 404, "cannot be fetched"),
        (DATA, 500, "cannot be fetched"),
        (changed(no_anthropic), 200, "of anthropic"),
        (changed(no_batch), 200, r"of openai \("),
        (changed(all_negative), 200, "of google"),
    ],
)
def test_what_is_not_sound_leaves_the_old_prices(
    tmp_path: Path, body: bytes, status: int, said: str
) -> None:
    target = tmp_path / "prices.json"
    target.write_bytes(b"old")
    with serving(body, status) as url, pytest.raises(RefreshFailed, match=said):
        refresh(url, target, SHIPPED, DAY)
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_what_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 1 << 20)
    body = DATA + b" " * (1 << 20)
    with serving(body) as url, pytest.raises(RefreshFailed, match="more than 1 MiB"):
        refresh(url, tmp_path / "prices.json", SHIPPED, DAY)
    assert list(tmp_path.iterdir()) == []


def test_who_does_not_answer_is_named(tmp_path: Path) -> None:
    with serving(b"") as url:
        pass
    with pytest.raises(RefreshFailed, match="cannot be fetched"):
        refresh(url, tmp_path / "prices.json", SHIPPED, DAY)


@pytest.mark.parametrize("url", ["file:///etc/hostname", "data.json", "", "ftp://a/b", "http://["])
def test_only_web_addresses_are_fetched(tmp_path: Path, url: str) -> None:
    with pytest.raises(RefreshFailed, match="AGENTMONITOR_PRICES_URL"):
        refresh(url, tmp_path / "prices.json", SHIPPED, DAY)


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with serving(DATA) as url, pytest.raises(RefreshFailed, match="cannot be written"):
        refresh(url, tmp_path / "file" / "prices.json", SHIPPED, DAY)
    (tmp_path / "prices.json").mkdir()
    with serving(DATA) as url, pytest.raises(RefreshFailed, match="cannot be written"):
        refresh(url, tmp_path / "prices.json", SHIPPED, DAY)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "prices.json"]
