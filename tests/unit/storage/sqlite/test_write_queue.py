"""Which of what waits goes into one transaction."""

import threading
import time
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.errors import Closed, Overloaded
from agentmonitor.storage.sqlite import write_queue
from agentmonitor.storage.sqlite.write_queue import Batch, Task, WriteQueue
from tests.unit.builders import event
from tests.unit.storage.store import PATIENCE_S

NOTHING = Task(lambda connection, applier: None, lambda error: None)


def batch(events: int = 1, *, patient: bool = False) -> Batch:
    return Batch([event() for _ in range(events)], (), lambda result: None, {}, (), patient)


def first(queue: WriteQueue) -> Batch:
    item = queue.take()
    assert isinstance(item, Batch)
    return item


def gathered(queue: WriteQueue, count: int) -> list[Batch]:
    """The group of ``count`` callers who come at once."""
    for _ in range(count):
        queue.submit(batch())
    return queue.gather(first(queue), ignore)


def ignore(group: Sequence[Batch]) -> None:
    """Nothing is to be done meanwhile."""


def test_all_that_waits_goes_together_up_to_a_limit() -> None:
    queue = WriteQueue()
    for size in (write_queue.MAX_GROUP - 1, 1, 1):
        queue.submit(batch(size))
    assert len(queue.gather(first(queue), ignore)) == 2
    assert len(queue.gather(first(queue), ignore)) == 1


def test_a_task_ends_a_group_and_comes_next_and_the_end_comes_last() -> None:
    queue = WriteQueue()
    queue.submit(batch())
    queue.post(NOTHING)
    queue.submit(batch())
    queue.close()
    queue.close()
    assert len(queue.gather(first(queue), ignore)) == 1
    assert queue.take() is NOTHING
    assert len(queue.gather(first(queue), ignore)) == 1
    assert queue.take() is None
    with pytest.raises(Closed):
        queue.submit(batch())
    with pytest.raises(Closed):
        queue.post(NOTHING)


def test_those_who_were_answered_are_waited_for_and_what_is_there_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(write_queue, "GATHER_S", PATIENCE_S)
    monkeypatch.setattr(write_queue, "EARLY", 2)
    queue = WriteQueue()
    assert len(gathered(queue, 4)) == 4
    told: list[int] = []

    def bring(group: Sequence[Batch]) -> None:
        told.append(len(group))
        if len(told) == 1:
            thread.start()

    def later() -> None:
        for _ in range(2):
            time.sleep(0.05)
            queue.submit(batch())

    thread = threading.Thread(target=later)
    queue.submit(batch(2))
    queue.submit(batch())
    assert len(queue.gather(first(queue), bring)) == 4
    assert told[0] == 2
    thread.join()


def test_those_who_do_not_come_again_are_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_queue, "GATHER_S", 0.01)
    queue = WriteQueue()
    assert len(gathered(queue, 2)) == 2
    assert len(gathered(queue, 1)) == 1
    monkeypatch.setattr(write_queue, "GATHER_S", None)  # waiting once more would never end
    assert len(gathered(queue, 1)) == 1


def test_too_much_is_refused_until_it_is_written() -> None:
    queue = WriteQueue()
    large = batch(write_queue.MAX_QUEUED + 1)
    queue.submit(large)  # larger than all that may wait, but alone
    with pytest.raises(Overloaded):
        queue.submit(batch())
    assert queue.waiting == large.size
    queue.wrote([large])
    queue.submit(batch())
    assert queue.waiting == 1


def test_the_writer_is_woken_when_all_of_several_are_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(write_queue, "GATHER_S", PATIENCE_S)
    queue = WriteQueue()
    queue.wrote(gathered(queue, 3))

    def later() -> None:
        for _ in range(3):
            time.sleep(0.02)
            queue.submit(batch())

    thread = threading.Thread(target=later)
    thread.start()
    queue.take()
    assert queue._items.qsize() == 2
    thread.join()


def test_what_is_patient_goes_alone_and_in_turn_with_the_others() -> None:
    queue = WriteQueue()
    for _ in range(3):
        queue.submit(batch(patient=True))
    groups: list[tuple[bool, int]] = []
    for _ in range(6):
        queue.submit(batch())
        group = queue.gather(first(queue), ignore)
        groups.append((group[0].patient, len(group)))
    # Of those who come all the time, all who wait go together.
    assert groups == [(False, 1), (True, 1), (False, 2), (True, 1), (False, 2), (True, 1)]


def test_patience_is_not_for_ever_and_ends_before_the_end() -> None:
    queue = WriteQueue()
    queue.submit(batch(patient=True))
    assert queue.gather(first(queue), ignore)[0].patient
    queue.submit(batch(patient=True))
    queue.post(NOTHING)
    queue.submit(batch(patient=True))
    queue.close()
    taken = [queue.take() for _ in range(4)]
    assert [each.patient if isinstance(each, Batch) else each for each in taken] == [
        NOTHING, True, True, None,
    ]  # fmt: skip


@given(st.lists(st.sampled_from(["others", "patient", "task", "take"]), max_size=30))
def test_all_that_is_put_is_taken_once_and_each_kind_in_its_order(steps: list[str]) -> None:
    queue = WriteQueue()
    put: dict[str, list[Batch | Task]] = {"others": [], "patient": [], "task": []}
    taken: list[Batch | Task] = []
    for step in steps:
        if step == "take":
            if len(taken) < sum(map(len, put.values())):
                take(queue, taken)
        elif step == "task":
            put[step].append(task := Task(lambda connection, applier: None, lambda error: None))
            queue.post(task)
        else:
            put[step].append(made := batch(patient=step == "patient"))
            queue.submit(made)
    queue.close()
    while take(queue, taken):
        pass
    for kind in put.values():
        assert [each for each in taken if any(each is it for it in kind)] == kind
    assert len(taken) == sum(map(len, put.values()))


def take(queue: WriteQueue, taken: list[Batch | Task]) -> bool:
    """What the writer does; False at the end."""
    item = queue.take()
    if isinstance(item, Batch):
        taken += queue.gather(item, ignore)
    elif item is not None:
        taken.append(item)
    return item is not None
