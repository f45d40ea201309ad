"""Decides about one tool call: refuses what destroys a system or a home, and warns of files that
may hold secrets. Everything else goes on as if there were no guard."""

import json
import os
import re
import sys

from . import shell
from .places import alternatives, is_device, is_home, is_secret, is_system, resolved

_DEEPEST = 6
_LONGEST = 200_000
"""Characters of a command that are looked at."""
_BOMB = re.compile(
    r"(?<![\w:.])([\w:.]{1,40})\s*\(\)\s*\{\s*\1\s*\|\s*\1\s*&\s*\}\s*;\s*\1(?![\w:.])"
)
_SHELLS = frozenset(("sh", "bash", "zsh", "dash", "ksh", "ash", "fish", "su"))
_BEFORE = frozenset({
    "sudo", "doas", "command", "builtin", "exec", "nohup", "nice", "ionice", "time", "timeout",
    "stdbuf", "setsid", "xargs", "busybox", "watch", "env", "then", "do", "else", "elif", "if",
    "while", "until", "!", "{", "}",
})  # fmt: skip
_TAKES_VALUE = {
    "sudo": "uUgpCDhRrTt", "doas": "uC", "nice": "n", "ionice": "cnp", "timeout": "ks",
    "stdbuf": "ioe", "xargs": "adEIiLlnPs", "env": "uCS", "exec": "a", "watch": "nq",
    "ssh": "BbcDEeFIiJLlmOopPQRSWw",
}  # fmt: skip
_NARROWS_NOT = frozenset({
    "-delete", "-exec", "-execdir", "-ok", "-okdir", "-depth", "-d", "-xdev", "-mount",
    "-print", "-print0", "-type", "-mindepth", "-maxdepth", "-H", "-L", "-P", "-o", "-or", "-a",
    "-and",
})  # fmt: skip
_QUIET = frozenset(("echo", "printf"))
_FILE_KEYS = ("file_path", "path", "absolute_path", "notebook_path", "filePath", "paths")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")


def main(dialect: str) -> None:
    """Answer for the tool call on standard input; no output is no objection."""
    payload = json.loads(sys.stdin.buffer.read().decode("utf-8", "replace"))
    found = answer(payload, os.path.expanduser("~"), dialect)
    if found is not None:
        sys.stdout.write(json.dumps(found))


def answer(payload: "object", home: str, dialect: str) -> "dict[str, object] | None":
    """What the hook answers; None when it has nothing to say."""
    refusal, secret = judge(payload, home.rstrip("/") or "/")
    if refusal:
        reason = f"AgentMonitor's guard refused this: {refusal}."
        if dialect == "decision":
            return {"decision": "deny", "reason": reason}
        event = payload.get("hook_event_name") if isinstance(payload, dict) else None
        return {
            "hookSpecificOutput": {
                "hookEventName": event if isinstance(event, str) else "PreToolUse",
                "permissionDecision": "deny",
                "permissionDecisionReason": reason,
            }
        }
    if secret:
        return {"systemMessage": f"AgentMonitor's guard: {secret} may hold secrets."}
    return None


def judge(payload: "object", home: str) -> "tuple[str, str]":
    """Why the call must not happen ("" when it may), and the file in it that may hold secrets."""
    if not isinstance(payload, dict) or not isinstance(payload.get("tool_input"), dict):
        return "", ""
    given = payload["tool_input"]
    cwd = payload.get("cwd")
    command = given.get("command") or given.get("cmd")
    if isinstance(command, list):
        command = " ".join(_as_word(str(each)) for each in command)
    if isinstance(command, str):
        look = _Look(home, cwd if isinstance(cwd, str) else None)
        look.script(command[:_LONGEST], 0)
        if look.refusal or look.secret:
            return look.refusal, look.secret
    for key in _FILE_KEYS:
        value = given.get(key)
        for path in value if isinstance(value, list) else [value]:
            if isinstance(path, str) and is_secret(path):
                return "", path
    return "", ""


def _as_word(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


class _Look:
    """A script under inspection, with what is known of the shell's state."""

    def __init__(self, home: str, cwd: "str | None") -> None:
        self.home = home
        self.cwd = cwd
        self.known = {"HOME": home, "USER": home.rpartition("/")[2]}
        self.refusal = ""
        self.secret = ""

    def inner(self, text: str, depth: int) -> None:
        """Look at a script that a shell of its own runs: it cannot change our folder."""
        cwd = self.cwd
        self.script(text, depth + 1)
        self.cwd = cwd

    def script(self, text: str, depth: int) -> None:
        """Look at every command of a script, and at those within them."""
        if depth > _DEEPEST:
            return
        if _BOMB.search(text):
            self.refusal = "it is a fork bomb"
        left: list[str | None] = []
        for command in shell.commands(text):
            if command.mark == "(":
                left.append(self.cwd)
            elif command.mark and left:
                self.cwd = left.pop()
            words = [self._text(word, depth) for word in command.words]
            for word in command.outputs:
                self._written(self._text(word, depth))
            name, rest = self._named(words)
            self._command(name, rest, depth)
            if name in _SHELLS:
                for fed in command.fed:
                    self.inner(fed, depth)
            if self.refusal:
                return

    def _text(self, word: "list[object]", depth: int) -> str:
        """A word with what is known put in."""
        text = ""
        for piece in word:
            if isinstance(piece, str):
                text += piece
            elif isinstance(piece, tuple) and piece[0] == "variable":
                value = self.cwd if piece[1] == "PWD" else self.known.get(piece[1])
                text += value if value is not None else piece[2] or shell.UNKNOWN
            elif isinstance(piece, tuple):
                self.inner(piece[1], depth)
                inner = piece[1].strip()
                text += self.cwd if inner == "pwd" and self.cwd else shell.UNKNOWN
        return text

    def _named(self, words: "list[str]") -> "tuple[str, list[str]]":
        """The command's name and its arguments, behind ``sudo`` and the like."""
        words = list(words)
        while words:
            first = shell.plain(words[0]).rpartition("/")[2]
            if _ASSIGNMENT.match(words[0]):
                key, _, value = words.pop(0).partition("=")
                self.known[key] = value
            elif first in _BEFORE:
                words = _behind_options(first, words[1:])
                if first == "timeout":
                    del words[:1]
            elif first == "function":
                del words[:2]
            else:
                return first, words[1:]
        return "", []

    def _command(self, name: str, words: "list[str]", depth: int) -> None:
        if name in _SHELLS:
            for at, word in enumerate(words[:-1]):
                if re.fullmatch(r"-[a-z]*c", word):
                    self.inner(shell.plain(words[at + 1]), depth)
        elif name == "for" and words[1:2] == ["in"]:
            self.known[words[0]] = words[2] if len(words) == 3 else f"{{{','.join(words[2:])}}}"
        elif name == "trap" and words:
            self.inner(shell.plain(words[0]), depth)
        elif name == "ssh":
            self._elsewhere(_behind_options(name, words)[1:], depth)
        elif name == "eval":
            self.script(shell.plain(" ".join(words)), depth + 1)
        elif name in ("cd", "pushd"):
            where = next((w for w in words if not w.startswith("-")), "~")
            self.cwd = resolved(where, self.cwd, self.home) if "*" not in where else None
        elif name in ("export", "declare", "local", "readonly"):
            self._named([word for word in words if _ASSIGNMENT.match(word)])
        elif name in ("rm", "srm"):
            self._removal(words)
        elif name == "find":
            self._find(words, depth)
        elif name in ("chmod", "chown", "chgrp"):
            self._rights(words)
        elif name.startswith("mkfs") or name in ("dd", "wipefs", "shred", "blkdiscard"):
            for word in words:
                if is_device(shell.plain(word[3:] if word.startswith("of=") else word)) and (
                    name != "dd" or word.startswith("of=")
                ):
                    self.refusal = f"{name} would overwrite the disk {shell.plain(word)}"
        if name not in _QUIET:
            for word in words:
                self._read(word)

    def _removal(self, words: "list[str]") -> None:
        options, targets = _split(words)
        if not any(o.startswith("--r") or (o[1] != "-" and set(o) & set("rR")) for o in options):
            return
        for word in targets:
            if self._is_precious(word):
                self.refusal = f"rm would delete {shell.plain(word)} with all that is in it"

    def _elsewhere(self, words: "list[str]", depth: int) -> None:
        """What another machine runs; nothing is known of its folders."""
        cwd, self.cwd = self.cwd, None
        self.script(shell.plain(" ".join(words)), depth + 1)
        self.cwd = cwd

    def _find(self, words: "list[str]", depth: int) -> None:
        start = next((i for i, w in enumerate(words) if w[:1] in "-(!" and w), len(words))
        tests = words[start:]
        runs = [i for i, word in enumerate(tests) if word in ("-exec", "-execdir", "-ok", "-okdir")]
        removes = "-delete" in tests or any(
            self._named(tests[i + 1 :])[0] in ("rm", "srm") for i in runs
        )
        for i in runs:
            name, rest = self._named(tests[i + 1 :])
            self._command(name, rest, depth)
        end = min(runs) if runs else len(tests)
        narrows = any(w.startswith("-") and w not in _NARROWS_NOT for w in tests[:end])
        if removes and not narrows:
            for word in words[:start] or ["."]:
                if self._is_precious(word):
                    self.refusal = f"find would delete all that is in {shell.plain(word)}"

    def _rights(self, words: "list[str]") -> None:
        options, targets = _split(words)
        if any(o.startswith("--rec") or (o[1] != "-" and "R" in o) for o in options):
            for word in targets[1:]:
                for each in alternatives(word):
                    path = resolved(each, self.cwd, self.home)
                    if path is not None and is_system(path):
                        self.refusal = f"it would change the rights of all of {path}"

    def _is_precious(self, word: str) -> bool:
        paths = [resolved(each, self.cwd, self.home) for each in alternatives(word)]
        return any(p is not None and (is_system(p) or is_home(p, self.home)) for p in paths)

    def _written(self, word: str) -> None:
        if is_device(shell.plain(word)):
            self.refusal = f"it would overwrite the disk {shell.plain(word)}"
        self._read(word)

    def _read(self, word: str) -> None:
        path = shell.plain(word.rpartition("=")[2].lstrip("@"))
        if not word.startswith("-") and is_secret(path):
            self.secret = self.secret or path


def _behind_options(name: str, words: "list[str]") -> "list[str]":
    """The arguments of a command that runs another, from that one on."""
    words = list(words)
    takes = _TAKES_VALUE.get(name, "")
    while words and words[0].startswith("-"):
        option = words.pop(0)
        if option == "--":
            break
        if len(option) == 2 and option[1] in takes:
            del words[:1]
    return words


def _split(words: "list[str]") -> "tuple[list[str], list[str]]":
    """Options and the others; behind ``--`` there are only others."""
    end = words.index("--") if "--" in words else len(words)
    options = [w for w in words[:end] if len(w) > 1 and w.startswith("-")]
    return options, [w for w in words[:end] if w not in options] + words[end + 1 :]
