"""A store whose index can be searched."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.storage.search.asking import make
from tests.unit.storage.store import Store, opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with opened(make, path) as store:
        yield store
