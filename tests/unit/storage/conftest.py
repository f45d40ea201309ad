"""Runs the engine suite over every engine."""

from collections.abc import Iterator

import pytest

from tests.unit.storage.store import ENGINES, Factory, Store, opened


@pytest.fixture(scope="session", params=sorted(ENGINES))
def engine(request: pytest.FixtureRequest) -> Factory:
    """One kind of engine: what makes it."""
    return ENGINES[request.param]


@pytest.fixture
def store(engine: Factory) -> Iterator[Store]:
    """An empty, open engine."""
    with opened(engine) as store:
        yield store
