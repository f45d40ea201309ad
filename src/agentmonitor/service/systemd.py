"""systemd's user services: a unit in the user's configuration folder.

Source: systemd.service(5), systemd.unit(5), systemd.syntax(7), systemctl(1).
"""

from pathlib import Path

from agentmonitor.errors import AgentMonitorError, ConfigError
from agentmonitor.service.definition import Definition
from agentmonitor.service.manager import Status
from agentmonitor.service.program import Failed, run

UNIT = "agentmonitor.service"
MARK = "# Written by 'agentmonitor service install'; 'agentmonitor service uninstall' deletes it."
_SHOWN = ("LoadState", "ActiveState", "SubState", "UnitFileState", "MainPID", "Result")
_NO_BUS = (
    "There is no systemd that serves this user. Log in as the user itself, not with su or sudo; "
    "in a container run 'agentmonitor serve' instead."
)
_TEMPLATE = """\
{mark}
[Unit]
Description=AgentMonitor: what your AI coding agents do
StartLimitIntervalSec=120
StartLimitBurst=5

[Service]
Type=exec
ExecStart={command}
{environment}Restart=on-failure
RestartSec=5
TimeoutStopSec=30

[Install]
WantedBy=default.target
"""


class Systemd:
    """The user's own systemd."""

    name = "systemd"
    log = f"journalctl --user -u {UNIT} -n 50"

    def __init__(self, config_home: Path) -> None:
        """``config_home``: ``~/.config``, or where XDG_CONFIG_HOME moved it."""
        self.file = config_home / "systemd" / "user" / UNIT

    def text(self, definition: Definition) -> str:
        """The unit. Raises ConfigError when systemd could not run the program."""
        program, *arguments = definition.command
        if set(program) & set("\"'\\"):
            raise ConfigError(
                f"systemd runs no program whose path has quotes or backslashes: {program}. "
                "Install AgentMonitor in another folder."
            )
        # Variables are expanded in arguments, and not in the path of the program.
        words = [quoted(program), *(quoted(each.replace("$", "$$")) for each in arguments)]
        environment = "".join(
            f"Environment={quoted(f'{name}={value}')}\n"
            for name, value in definition.variables.items()
        )
        return _TEMPLATE.format(mark=MARK, command=" ".join(words), environment=environment)

    def is_ours(self, content: bytes) -> bool:
        """Whether we wrote that unit."""
        return content.startswith(MARK.encode())

    def starting(self) -> list[list[str]]:
        """Load the unit, new or changed, and start it."""
        return [_ctl("daemon-reload"), _ctl("enable", UNIT), _ctl("restart", UNIT)]

    def loading(self) -> list[list[str]]:
        """Let it start at the next log-in."""
        return [_ctl("daemon-reload"), _ctl("enable", UNIT)]

    def stopping(self) -> list[list[str]]:
        """Stop it, and let it start by itself no more."""
        return [_ctl("disable", "--now", UNIT)]

    def forgetting(self) -> list[list[str]]:
        """Drop what systemd remembers of a unit that is gone."""
        return [_ctl("daemon-reload")]

    def status(self) -> Status:
        """Asks systemd. Raises AgentMonitorError when it does not answer."""
        try:
            said = run(_ctl("show", UNIT, f"--property={','.join(_SHOWN)}"))
        except Failed as error:
            raise AgentMonitorError(f"systemd: {error.reason} {_NO_BUS}") from error
        told = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
        pid = told.get("MainPID", "0")
        active = told.get("ActiveState", "unknown")
        result = told.get("Result", "success")
        state = f"{active} ({told.get('SubState', '')})"
        return Status(
            manager=self.name,
            file=str(self.file),
            installed=self.file.exists(),
            enabled=told.get("UnitFileState") == "enabled",
            running=active in ("active", "reloading"),
            pid=int(pid) if pid.isdecimal() and pid != "0" else None,
            state=state if result in ("success", "") else f"{state}, {result}",
        )


def quoted(word: str) -> str:
    """A word as it stands in a unit: in double quotes, specifiers and escapes doubled."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def _ctl(*words: str) -> list[str]:
    return ["systemctl", "--user", *words]
