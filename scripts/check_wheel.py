"""Check an installation of the wheel: the commands run, the server serves its dashboard.

Run as ``python scripts/check_wheel.py BIN``, with BIN the folder of the installed commands.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path


def main() -> None:
    """Exit with an error at the first thing that does not hold."""
    commands = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        home = {"HOME": folder, "XDG_DATA_HOME": f"{folder}/data"}
        environment = {"PATH": os.environ["PATH"]} | home
        for name in ("agentmonitor", "amon"):
            for flag in ("--version", "--help"):
                run = subprocess.run(  # noqa: S603 - our own command
                    [commands / name, flag],
                    check=True, capture_output=True, text=True, env=environment, cwd=folder,
                )  # fmt: skip
                print(run.stdout.splitlines()[0])
        server = subprocess.Popen(  # noqa: S603 - our own command
            [commands / "agentmonitor", "serve", "--port", "0"],
            stdout=subprocess.PIPE, text=True, env=environment, cwd=folder,
        )  # fmt: skip
        try:
            assert server.stdout is not None
            line = server.stdout.readline()
            print(line.strip())
            address = re.search(r"http://\S+", line)
            if address is None:
                raise SystemExit("The server printed no address.")
            served = {"api/health": '"ok"', "": "<title>", "api/openapi.json": '"3.1.0"'}
            for path, expected in served.items():
                with urllib.request.urlopen(address[0] + path, timeout=10) as answer:  # noqa: S310 - http, local
                    if expected not in answer.read().decode():
                        raise SystemExit(f"/{path} does not answer {expected}.")
        finally:
            server.send_signal(signal.SIGTERM)
            code = server.wait(20)
        if code != 0:
            raise SystemExit(f"The server ended with {code}.")
    print("The installed wheel works.")


if __name__ == "__main__":
    main()
