"""The same load from wrk, where it is installed: it takes a third of the processor's time that our
own generator takes, and on two cores that share their units that time is the server's.

wrk runs a Lua script that is made here from the requests of ``bodies``; only the ids and the
times are filled in while the clock runs. Source of the script's interface: wrk's SCRIPTING file.
"""

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import cast

from agentmonitor.bench.bodies import COUNTER, RANDOM, TIME, Bodies
from agentmonitor.bench.load import Load, Report
from benchmarks.server import BenchmarkError

_SCRIPT = """
local format, random, concat = string.format, math.random, table.concat
math.randomseed(os.time())
local turn, number = 0, %(first)d
request = function()
  turn, number = turn %% #templates + 1, number + 1
  local template = templates[turn]
  local parts, ids, counters, times = template[1], template[2], template[3], template[4]
  local counter = format("%%012x", number)
  local time = os.date("!%%Y-%%m-%%dT%%H:%%M:%%S.000Z")
  for _, at in ipairs(ids) do parts[at] = format("%%08x", random(0, 4294967295)) end
  for _, at in ipairs(counters) do parts[at] = counter end
  for _, at in ipairs(times) do parts[at] = time end
  return concat(parts)
end
done = function(summary, latency, requests)
  local e = summary.errors
  print(format('result {"requests": %%d, "seconds": %%f, "p50": %%f, "p95": %%f, "p99": %%f,'
    .. ' "max": %%f, "connect": %%d, "read": %%d, "write": %%d, "status": %%d, "timeout": %%d}',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(95) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3,
    e.connect, e.read, e.write, e.status, e.timeout))
end
"""
_MARKS = (RANDOM.encode(), COUNTER, TIME)
_ANY_MARK = re.compile(b"(" + b"|".join(re.escape(mark) for mark in _MARKS) + b")")
_FAILURES = ("connect", "read", "write", "status", "timeout")


def is_installed() -> bool:
    """Whether there is a wrk to run."""
    return shutil.which("wrk") is not None


def post(load: Load) -> Report:
    """Warm up, then measure. Raises BenchmarkError."""
    with tempfile.TemporaryDirectory(prefix="amon-bench-wrk-") as folder:
        script = Path(folder) / "post.lua"
        templates = _templates(load)
        warm_up = _run(script, templates, load, max(1, round(load.warm_up_s)), 0)
        result = _run(script, templates, load, round(load.seconds), 1 << 32)
    answered = [run["requests"] - run["status"] for run in (warm_up, result)]
    seconds = result["seconds"]
    failures = {
        name: int(result[name] + warm_up[name])
        for name in _FAILURES
        if result[name] + warm_up[name]
    }
    return {
        "requests": int(answered[1]),
        "events": int(answered[1]) * load.per_request,
        "seconds": seconds,
        "events_a_second": round(answered[1] * load.per_request / seconds, 1),
        "latency_ms": {name: round(result[name], 3) for name in ("p50", "p95", "p99", "max")},
        "failures": failures,
        "acknowledged": int(sum(answered)) * load.per_request,
        "cpu_share": 0.0,
    }


def _run(script: Path, templates: str, load: Load, seconds: int, first: int) -> dict[str, float]:
    script.write_text(templates + _SCRIPT % {"first": first}, "utf-8")
    command = ["wrk", "-t", "1", "-c", str(load.connections), "-d", f"{seconds}s", "-s",
               str(script), f"http://127.0.0.1:{load.port}/"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"^result (\{.*\})$", done.stdout, re.MULTILINE)
    if found is None:
        raise BenchmarkError(f"wrk printed no result: {done.stdout}{done.stderr}")
    return cast(dict[str, float], json.loads(found[1]))


def _templates(load: Load) -> str:
    """The requests as Lua: of each its parts, and the places of ids, counters and times."""
    lines = ["local templates = {"]
    for request in Bodies(f"{load.host}:{load.port}", load.per_request, batch=load.batch).marked():
        parts = _ANY_MARK.split(request)
        places = [
            ",".join(str(at) for at, part in enumerate(parts, 1) if part == mark) for mark in _MARKS
        ]
        texts = ",".join(_quoted(part) for part in parts)
        lines.append(f"{{{{{texts}}},{{{places[0]}}},{{{places[1]}}},{{{places[2]}}}}},")
    lines.append("}")
    return "\n".join(lines)


def _quoted(part: bytes) -> str:
    """``part`` as a Lua string."""
    return (
        '"'
        + "".join(chr(c) if 32 <= c < 127 and c not in b'"\\' else f"\\{c:03d}" for c in part)
        + '"'
    )
