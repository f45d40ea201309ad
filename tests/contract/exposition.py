"""What `GET /metrics` answers, read by the strict parsers of the Prometheus project."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain

from .client import Api

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PLAIN = "text/plain; version=0.0.4; charset=utf-8"
_strict: Callable[[str], Iterable[Metric]] = openmetrics.text_string_to_metric_families
Samples = dict[str, dict[tuple[str, ...], float]]
"""By the sample's name and the values of its labels, in the order in which they stand."""


def scrape(api: Api) -> Samples:
    """Every sample, each of which must be there once."""
    return samples(families(api))


def families(api: Api, accept: str = "application/openmetrics-text") -> list[Metric]:
    """The families in the format that `accept` brings."""
    response = api.get("/metrics", headers={"accept": accept})
    assert response.status_code == 200, response.text
    if response.headers["content-type"] == OPENMETRICS:
        return list(_strict(response.text))
    assert response.headers["content-type"] == PLAIN
    return list(plain(response.text))


def samples(metrics: list[Metric]) -> Samples:
    found: Samples = {}
    for metric in metrics:
        for sample in metric.samples:
            series = found.setdefault(sample.name, {})
            labels = tuple(sample.labels.values())
            assert labels not in series, f"{sample.name}{labels} stands twice"
            series[labels] = sample.value
    return found
