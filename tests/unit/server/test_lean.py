"""The server runs without TLS and process supervision, and takes them from nobody."""

import subprocess
import sys

STORY = """
import sys
from agentmonitor.server.lean import load_uvicorn
load_uvicorn()
import agentmonitor.server.serve
unused = {"ssl", "_ssl", "multiprocessing", "uvicorn.main", "click", "logging.config"}
print(sorted(unused & set(sys.modules)))
import ssl
print(ssl.create_default_context().verify_mode.name)
"""


def told(story: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", story], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_what_is_left_out_is_there_for_others() -> None:
    assert told(STORY) == ["[]", "CERT_REQUIRED"]


def test_what_is_loaded_already_stays() -> None:
    assert told(f"import ssl as before\n{STORY}\nprint(ssl is before)")[1:] == [
        "CERT_REQUIRED", "True",
    ]  # fmt: skip
