"""All checks in order."""

from agentmonitor.agents.registry import load_registry
from agentmonitor.config import Settings
from agentmonitor.doctor.agents import check_agents
from agentmonitor.doctor.database import check_clock, check_database, check_disk
from agentmonitor.doctor.facts import ServerFacts
from agentmonitor.doctor.finding import Finding
from agentmonitor.doctor.installation import (
    check_dashboard,
    check_grpc,
    check_service,
    check_settings,
    check_versions,
)
from agentmonitor.doctor.server import check_port, check_server
from agentmonitor.model.database import Holder


def examine(
    settings: Settings, facts: ServerFacts | str | None, holder: Holder | None, url: str | None
) -> list[Finding]:
    """Every finding. ``facts``, ``holder``: see ``check_server``. ``url``: the server that was
    asked for, if it is not this machine's own."""
    database, info = check_database(settings)
    found = [
        check_versions(),
        check_settings(settings),
        check_dashboard(),
        check_grpc(settings),
        check_server(facts, holder),
        None if url else check_port(settings, running=isinstance(facts, ServerFacts)),
        check_service(settings),
        database,
        check_disk(settings),
        check_clock(info),
        *check_agents(settings, load_registry().agents, url),
    ]
    return [each for each in found if each is not None]
