"""Checks of the program itself, its settings, and the service."""

import sys
from importlib import resources, util

from agentmonitor import __version__
from agentmonitor.config import Settings
from agentmonitor.doctor.finding import Finding, fail, ok, warn
from agentmonitor.errors import AgentMonitorError
from agentmonitor.service.manage import NoManager, find_manager
from agentmonitor.storage.sqlite.info import sqlite_version
from agentmonitor.storage.sqlite.search import has_fts5


def check_settings(settings: Settings) -> Finding:
    """Whether every setting is what it can be."""
    path = settings.config_path
    there = path is not None and path.exists()
    file = f"file {path}" if there else "no file"
    changed = sum(each.origin != "default" for each in settings.resolved)
    seen = f"{f'{changed} set' if changed else 'all at their defaults'}, {file}"
    if settings.problems:
        more = f" (and {len(settings.problems) - 1} more)" if len(settings.problems) > 1 else ""
        return warn(
            "settings", f"{seen}. {settings.problems[0]}{more}", "See 'agentmonitor config'."
        )
    return ok("settings", seen)


def check_versions() -> Finding:
    """The program's version and those of what it stands on."""
    python = ".".join(map(str, sys.version_info[:3]))
    seen = f"AgentMonitor {__version__}, Python {python}, SQLite {sqlite_version()}"
    if not has_fts5():
        return warn(
            "versions", f"{seen} without FTS5", "Search needs a Python whose SQLite has FTS5."
        )
    return ok("versions", seen)


def check_dashboard() -> Finding:
    """Whether the dashboard's files are there."""
    if resources.files("agentmonitor.server").joinpath("ui", "index.html").is_file():
        return ok("dashboard", "its files are there")
    return fail(
        "dashboard",
        "its files are missing",
        "Install the package anew; in a checkout run 'make run', which builds it.",
    )


def check_grpc(settings: Settings) -> Finding | None:
    """Whether gRPC can be served, if it is asked for."""
    if not settings.otlp_grpc_port:
        return None
    if util.find_spec("grpc") is None:
        return fail(
            "gRPC",
            f"otlp_grpc_port is {settings.otlp_grpc_port}, and gRPC is not installed",
            'Run pip install "agentmonitor[grpc]", or set otlp_grpc_port to 0.',
        )
    return ok("gRPC", f"port {settings.otlp_grpc_port}")


def check_service(settings: Settings) -> Finding | None:
    """Whether the service runs, if it is installed."""
    try:
        manager = find_manager(settings)
    except NoManager:
        return None
    if not manager.file.exists():
        return None
    try:
        status = manager.status()
    except AgentMonitorError as error:
        advice = f"Log in as the user whose service it is, or delete {manager.file}."
        return warn("service", str(error), advice)
    if status.running:
        return ok("service", f"{status.manager}: {status.state}")
    advice = f"See why: {manager.log}. Start it with 'agentmonitor service install'."
    return warn("service", f"installed, but {status.state}", advice)
