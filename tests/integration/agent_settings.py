"""A home with the settings of three agents, as they are found, and the traces of two more."""

from __future__ import annotations

from pathlib import Path

CLAUDE = """\
{
    // Work account. Do not commit.
    "$schema": "https://json.schemastore.org/claude-code-settings.json",
    "model": "opus",
    "statusLine": { "type": "command", "command": "printf 'mine: %s' $(wc -c)", "padding": 0 },
    "permissions": { "defaultMode": "acceptEdits", "allow": ["Bash(npm run test:*)"], "deny": [], },
    "hooks": {
        "PreToolUse": [
            {
                "matcher": "Bash",
                "hooks": [{ "type": "command", "command": "~/.claude/check.sh" }], // asks before rm
            }
        ],
        "Stop": [{ "hooks": [{ "type": "command", "command": "notify-send done" }] }] /* loud */
    },
    "env": { "DISABLE_AUTOUPDATER": "1" }
}
"""
CODEX = """\
# Codex, mine
model = "gpt-5.4"          # the fast one
model_reasoning_effort = 'high'
notify = ["notify-send", "codex"]

[projects."/home/me/shop"]
trust_level = "trusted"

[otel]
environment = "dev"        # so that I find it
log_user_prompt = false

[mcp_servers.docs]
command = "npx"
args = [
    "-y", # yes
    "docs",
]
"""
CODEX_HOOKS = '{"hooks":{"Stop":[{"hooks":[{"type":"command","command":"say done"}]}]}}'
GEMINI = (
    '\ufeff{\r\n\t"general": { "vimMode": true },\r\n\t// tools\r\n'
    '\t"mcpServers": { "docs": { "command": "npx" } },\r\n\t"hooks": { "disabled": [] }\r\n}'
)


def settle(folder: Path) -> None:
    """Write them where the agents look, as `environment` moves their folders."""
    files = {
        "claude/settings.json": CLAUDE,
        "claude/settings.local.json": "{}",
        "codex/config.toml": CODEX,
        "codex/hooks.json": CODEX_HOOKS,
        ".gemini/settings.json": GEMINI,
        ".qwen/projects/x": "",
        ".factory/sessions/x": "",
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    (folder / "claude" / "settings.json").chmod(0o640)
