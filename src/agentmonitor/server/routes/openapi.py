"""``GET /api/openapi.json``: all of this API, for programs."""

from importlib import resources
from typing import Any

from agentmonitor.runtime import Runtime
from agentmonitor.server.http import Reply, Request
from agentmonitor.server.operation import tagged
from agentmonitor.server.router import Router
from agentmonitor.server.v2 import tagged_body


def register(router: Router) -> None:
    """Add the routes of this module."""
    router.add("GET", "/api/openapi.json", openapi, tagged(dict[str, Any]))


async def openapi(request: Request, runtime: Runtime) -> Reply:
    """This document, as it was made with this version."""
    file = resources.files("agentmonitor.server").joinpath("openapi.json")
    return tagged_body(request, file.read_bytes())
