"""The process that reads session files for another one; see ``importer.remote``.

It gets the settings and then orders, and sends back what the files say, ready to be stored. It ends
when nobody gives it orders any more.
"""

import os
import signal
import sys
from collections.abc import Sequence
from concurrent.futures import Future
from typing import BinaryIO

from agentmonitor.config import Settings
from agentmonitor.importer.batches import Answer, Ways
from agentmonitor.importer.importer import Importer
from agentmonitor.importer.outcome import FileOutcome
from agentmonitor.importer.remote import End, Order, Part, Quotas, receive, send
from agentmonitor.memory import calm_collector
from agentmonitor.model.event import Event
from agentmonitor.model.mark import Mark
from agentmonitor.model.signal import SessionSignal
from agentmonitor.runtime import Runtime
from agentmonitor.workspace import project_of


def main() -> None:
    """Serve the process that started this one."""
    # Ctrl-C is for that one, which goes on until the file is read.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what anybody prints is no answer
    orders = sys.stdin.buffer
    settings = receive(orders)
    if not isinstance(settings, Settings):
        raise TypeError("The first message must be the settings.")
    runtime = Runtime(settings)
    calm_collector()
    while True:
        try:
            order = receive(orders)
        except EOFError:
            return
        if isinstance(order, Order):
            read(order, runtime, answers)


def read(order: Order, runtime: Runtime, answers: BinaryIO) -> None:
    """Read one file and send what it says. Raises OSError when nobody listens any more."""
    outcome = FileOutcome()
    error = None

    def sink(
        events: Sequence[Event], signals: Sequence[SessionSignal], marks: Sequence[Mark]
    ) -> Answer:
        send(answers, Part(events, runtime.pipeline.prepare(events, signals), marks))
        answer: Answer = Future()
        answer.set_result([])  # which of them are new, the other process learns
        return answer

    ways = Ways(
        sink=sink,
        locate=project_of,
        put_quotas=lambda quotas: send(answers, Quotas(quotas)),
        span=order.span,
        batch=order.batch,
    )
    agent = runtime.registry.by_type(order.agent_type)
    try:
        if agent is None:
            raise OSError(f"nothing is known of {order.agent_type}")
        Importer(ways).read(agent, order.path, order.mark, outcome)
    except (OSError, EOFError) as fault:
        error = fault
    send(answers, End(outcome, error))


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        sys.exit(1)
