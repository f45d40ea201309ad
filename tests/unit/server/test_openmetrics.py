"""The text formats of Prometheus, read back by its own strict parsers."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain

from agentmonitor.model.histogram import Histogram
from agentmonitor.server.openmetrics import (
    MAX_LABEL,
    Family,
    label,
    render,
    wants_openmetrics,
)

names = st.text(st.characters(codec="utf-8"), max_size=300)
tricky = st.text(st.sampled_from('\\"\nn{},= #'), max_size=12)


def every_kind() -> list[Family]:
    counter = Family("a_cost_usd", "counter", 'Dollars, "all"\nof \\ them.', ("agent",), "usd")
    counter.add(0.1 + 0.2, "x")
    counter.add(3, "y")
    gauge = Family("a_bytes", "gauge", "Bytes.", unit="bytes")
    gauge.add(2**60)
    info = Family("a_build", "info", "Version.", ("version",))
    info.add(1, "1.2")
    histogram = Histogram((0.5, 1.0))
    for value in (0.2, 0.7, 9):
        histogram.observe(value)
    family = Family("a_latency_seconds", "histogram", "Latency.", unit="seconds")
    family.add_histogram(histogram.snapshot())
    return [counter, gauge, info, family, Family("a_nothing", "gauge", "None.", ("agent",))]


def test_openmetrics_is_written_as_the_standard_has_it() -> None:
    assert render(every_kind(), openmetrics=True).decode() == (
        "# TYPE a_cost_usd counter\n"
        "# UNIT a_cost_usd usd\n"
        '# HELP a_cost_usd Dollars, \\"all\\"\\nof \\\\ them.\n'
        'a_cost_usd_total{agent="x"} 0.30000000000000004\n'
        'a_cost_usd_total{agent="y"} 3\n'
        "# TYPE a_bytes gauge\n"
        "# UNIT a_bytes bytes\n"
        "# HELP a_bytes Bytes.\n"
        "a_bytes 1152921504606846976\n"
        "# TYPE a_build info\n"
        "# HELP a_build Version.\n"
        'a_build_info{version="1.2"} 1\n'
        "# TYPE a_latency_seconds histogram\n"
        "# UNIT a_latency_seconds seconds\n"
        "# HELP a_latency_seconds Latency.\n"
        'a_latency_seconds_bucket{le="0.5"} 1\n'
        'a_latency_seconds_bucket{le="1.0"} 2\n'
        'a_latency_seconds_bucket{le="+Inf"} 3\n'
        "a_latency_seconds_count 3\n"
        "a_latency_seconds_sum 9.9\n"
        "# TYPE a_nothing gauge\n"
        "# HELP a_nothing None.\n"
        "# EOF\n"
    )


def test_the_older_format_names_the_samples_and_has_no_units() -> None:
    text = render(every_kind(), openmetrics=False).decode()
    assert "# TYPE a_cost_usd_total counter\n# HELP a_cost_usd_total Dollars, " in text
    assert "# TYPE a_build_info gauge\n" in text
    assert "UNIT" not in text
    assert "EOF" not in text


@pytest.mark.parametrize("strict", [True, False])
def test_the_parsers_of_prometheus_read_what_was_meant(strict: bool) -> None:
    text = render(every_kind(), openmetrics=strict).decode()
    found: dict[str, Any] = {f.name: f for f in (openmetrics if strict else plain)(text)}
    cost = found["a_cost_usd"]
    assert cost.type == "counter"
    assert cost.documentation.startswith("Dollars, ")
    assert cost.documentation.endswith("\nof \\ them.")
    assert [(s.name, s.labels, s.value) for s in cost.samples] == [
        ("a_cost_usd_total", {"agent": "x"}, 0.1 + 0.2), ("a_cost_usd_total", {"agent": "y"}, 3),
    ]  # fmt: skip
    assert found["a_bytes"].samples[0].value == 2**60
    assert found["a_latency_seconds"].type == "histogram"
    assert found["a_nothing"].samples == []


@given(st.lists(st.one_of(names, tricky), unique_by=label, max_size=6))
def test_any_name_comes_back_as_the_label_that_it_is(values: list[str]) -> None:
    family = Family("a_events", "counter", "Events.", ("agent", "type"))
    for number, value in enumerate(values):
        family.add(number, label(value), "fixed")
    expected = [(label(value), "fixed") for value in values]
    for parse, strict in ((openmetrics, True), (plain, False)):
        (found,) = parse(render([family], openmetrics=strict).decode())
        assert [tuple(sample.labels.values()) for sample in found.samples] == expected


@given(names)
def test_a_label_is_short_and_visible(text: str) -> None:
    shown = label(text)
    assert 0 < len(shown) <= MAX_LABEL
    assert not set(shown) & ({chr(code) for code in (*range(32), 127)} - {"\n"})
    assert len(text) > MAX_LABEL or not text or len(shown) == len(text)


def test_half_of_a_character_does_not_fail_the_answer() -> None:
    family = Family("a", "gauge", "A.", ("agent",))
    family.add(1, "\ud800")
    assert b'a{agent="?"} 1\n' in render([family], openmetrics=True)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, False),
        ("", False),
        ("*/*", False),
        ("text/plain", False),
        ("text/html,application/xhtml+xml,*/*;q=0.8", False),
        ("application/openmetrics-text", True),
        ("Application/OpenMetrics-Text; Version=1.0.0; charset=utf-8", True),
        ('application/openmetrics-text; version="1.0.0"', True),
        ("application/openmetrics-text;version=0.0.1", False),
        ("application/openmetrics-text;version=2.0.0,text/plain", False),
        ("application/openmetrics-text;version=1.0.0;q=0", False),
        ("application/openmetrics-text;q=much", False),
        ("application/openmetrics-text;q=nan", False),
        ("text/plain;q=0.6,application/openmetrics-text;q=0.5", False),
        ("text/plain;q=0.5,application/openmetrics-text;q=0.5", True),
        ("application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;"
         "version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2", True),
        (";;,=,q=;application/openmetrics-text", False),
    ],
)  # fmt: skip
def test_the_accept_header_chooses(accept: str | None, expected: bool) -> None:
    assert wants_openmetrics(accept) is expected
