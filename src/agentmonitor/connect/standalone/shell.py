"""What commands a shell script runs, as far as that can be told without running it.

Not a shell: quoting, substitutions, pipes, lists and here-documents are understood, the rest is
taken as words. A word is a list of pieces: text, or a tuple for what only the shell knows.
"""

import re

UNKNOWN = "\uf000"
"""Stands for text that cannot be known."""
_QUOTED = "\ue000"
_SPECIAL = "*?[]{}~,"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]")
_BRACED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::?[-=]([^{}]*)|:?\?[^{}]*|%%?/)?\}")
_PLAIN = re.compile(r"[^\s'\"\\$`;&|()<>]+")
_PLAIN_QUOTED = re.compile(r'[^"\\$`]+')
_HEREDOC = re.compile(r"<<-?[ \t]*(?:'([^'\n]*)'|\"([^\"\n]*)\"|\\?([A-Za-z0-9_.-]+))")
_REDIRECT = re.compile(r"(?:[0-9]*|&)(>>|>\||>|<<<|<>|<)(?:&[0-9-]+)?")


class Command:
    """A simple command: ``words`` with its name, where its output goes, what it is fed.

    With a ``mark`` it is none, but where a subshell begins or ends.
    """

    def __init__(self, mark: str = "") -> None:
        self.mark = mark
        self.words: list[list[object]] = []
        self.outputs: list[list[object]] = []
        self.fed: list[str] = []


def quoted(text: str) -> str:
    """``text`` whose special letters have no special meaning."""
    return "".join(chr(ord(_QUOTED) + ord(c)) if c in _SPECIAL else c for c in text)


def plain(text: str) -> str:
    """``text`` with its special letters as they were written."""
    return "".join(chr(ord(c) - ord(_QUOTED)) if "\ue000" < c < "\ue100" else c for c in text)


def commands(script: str) -> "list[Command]":
    """The simple commands of a script, in order."""
    return _Splitter(script.replace("\\\r\n", "").replace("\\\n", "")).run()


class _Splitter:
    def __init__(self, script: str) -> None:
        self.script = script
        self.at = 0
        self.found: list[Command] = []
        self.command = Command()
        self.word: list[object] | None = None
        self.is_output = False
        self.is_fed = False
        self.waiting: list[tuple[str, Command]] = []

    def run(self) -> "list[Command]":
        while self.at < len(self.script):
            self._step(self.script[self.at])
        self._end_command()
        return self.found

    def _step(self, c: str) -> None:
        script = self.script
        if c in " \t\r":
            self._end_word()
            self.at += 1
        elif c == "\n":
            self._end_command()
            self.at += 1
            self._skip_heredocs()
        elif c == "#" and self.word is None:
            end = script.find("\n", self.at)
            self.at = len(script) if end < 0 else end
        elif c in "<>" or (c in "&0123456789" and self.word is None and self._redirects()):
            self._redirect()
        elif c in ";&|()":
            self._end_command()
            if c in "()":
                self.found.append(Command(c))
            self.at += 1
        elif c == "'":
            end = script.find("'", self.at + 1)
            end = len(script) if end < 0 else end
            self._add(quoted(script[self.at + 1 : end]))
            self.at = end + 1
        elif c == '"':
            self._double_quotes()
        elif c == "\\":
            self._add(quoted(script[self.at + 1 : self.at + 2]))
            self.at += 2
        elif c in "$`":
            self._expansion()
        else:
            found = _PLAIN.match(script, self.at)
            text = found[0] if found else c
            self._add(text)
            self.at += len(text)

    def _add(self, piece: object) -> None:
        if self.word is None:
            self.word = []
        last = self.word[-1] if self.word else None
        if isinstance(piece, str) and isinstance(last, str):
            self.word[-1] = last + piece
        else:
            self.word.append(piece)

    def _end_word(self) -> None:
        if self.word is not None:
            if self.is_fed:
                texts = [piece for piece in self.word if isinstance(piece, str)]
                self.command.fed.append(plain("".join(texts)))
            (self.command.outputs if self.is_output else self.command.words).append(self.word)
            self.word, self.is_output, self.is_fed = None, False, False

    def _end_command(self) -> None:
        self._end_word()
        if self.command.words or self.command.outputs or self.command.fed:
            self.found.append(self.command)
        self.command, self.is_output, self.is_fed = Command(), False, False

    def _redirects(self) -> bool:
        return _REDIRECT.match(self.script, self.at) is not None

    def _redirect(self) -> None:
        heredoc = _HEREDOC.match(self.script, self.at)
        if heredoc is not None and not self.script.startswith("<<<", self.at):
            self._end_word()
            self.waiting.append((heredoc[1] or heredoc[2] or heredoc[3] or "", self.command))
            self.at = heredoc.end()
            return
        found = _REDIRECT.match(self.script, self.at)
        self._end_word()
        if self.script[self.at : self.at + 2] in ("<(", ">("):
            self.at += 1  # a process substitution: its commands follow as any others
        elif found is None:
            self.at += 1
        else:
            self.at = found.end()
            self.is_output = ">" in found[1] and "&" not in found[0][1:]
            self.is_fed = found[1] == "<<<"

    def _skip_heredocs(self) -> None:
        """Past the texts that the commands of the line before are fed."""
        for end, command in self.waiting:
            lines = []
            while self.at < len(self.script):
                stop = self.script.find("\n", self.at)
                stop = len(self.script) if stop < 0 else stop
                text, self.at = self.script[self.at : stop], stop + 1
                if text.strip("\t\r") == end:
                    break
                lines.append(text)
            command.fed.append("\n".join(lines))
        self.waiting = []

    def _double_quotes(self) -> None:
        script = self.script
        self._add("")
        self.at += 1
        while self.at < len(script) and script[self.at] != '"':
            c = script[self.at]
            if c == "\\" and script[self.at + 1 : self.at + 2] in ("\\", '"', "$", "`"):
                self._add(quoted(script[self.at + 1]))
                self.at += 2
            elif c in "$`":
                self._expansion()
            else:
                found = _PLAIN_QUOTED.match(script, self.at)
                text = found[0] if found else c
                self._add(quoted(text))
                self.at += len(text)
        self.at += 1

    def _expansion(self) -> None:
        """At a ``$`` or a back quote."""
        script, at = self.script, self.at
        if script[at] == "`":
            end = script.find("`", at + 1)
            end = len(script) if end < 0 else end
            self._add(("run", script[at + 1 : end]))
            self.at = end + 1
        elif script.startswith("$((", at):
            end = script.find("))", at)
            self._add(("unknown", ""))
            self.at = len(script) if end < 0 else end + 2
        elif script.startswith("$(", at):
            end = _closing(script, at + 2)
            self._add(("run", script[at + 2 : end]))
            self.at = end + 1
        elif script.startswith("${", at):
            braced = _BRACED.match(script, at + 2)
            end = script.find("}", at)
            end = len(script) if end < 0 else end
            self._add(("variable", braced[1], braced[2]) if braced else ("unknown", ""))
            self.at = braced.end() if braced else end + 1
        elif script.startswith(("$'", '$"'), at):
            self.at += 1
        else:
            name = _NAME.match(script, at + 1)
            self._add(("variable", name[0], None) if name else "$")
            self.at = name.end() if name else at + 1


def _closing(script: str, at: int) -> int:
    """Where the bracket closes that opened before ``at``."""
    depth, quote = 1, ""
    while at < len(script):
        c = script[at]
        if c == "\\" and quote != "'":
            at += 1
        elif quote:
            quote = "" if c == quote else quote
        elif c in "'\"":
            quote = c
        elif c in "()":
            depth += 1 if c == "(" else -1
            if not depth:
                return at
        at += 1
    return len(script)
