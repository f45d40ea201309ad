"""Diffs as events keep them: text in the unified format, of bounded length."""

MAX_DIFF = 24_000
"""Characters kept of a diff."""
MAX_OUTPUT = 16_000
"""Characters kept of what a tool answered."""


def bounded(diff: str, beyond: int = 0) -> str:
    """``diff``, and when it is longer than MAX_DIFF its whole first lines and a line that says how
    many are left out. ``beyond``: further lines, which ``diff`` itself does not hold."""
    if len(diff) > MAX_DIFF:
        end = diff.rfind("\n", 0, MAX_DIFF)
        if end < MAX_DIFF // 2:  # a line so long that too little would be left
            end = MAX_DIFF
        beyond += count(diff[end:].removeprefix("\n"))
        diff = diff[:end]
    return f"{diff}\n… {beyond} more lines are left out" if beyond else diff


def whole(content: str, sign: str = "+") -> str:
    """The diff of a file that is new (``+``) or gone (``-``), without the file's name."""
    lines = count(content)
    if not lines:
        return ""
    head = f"@@ -0,0 +1,{lines} @@" if sign == "+" else f"@@ -1,{lines} +0,0 @@"
    shown = content[:MAX_DIFF].removesuffix("\n")
    return bounded(f"{head}\n{sign}" + shown.replace("\n", f"\n{sign}"), lines - count(shown))


def count(text: str) -> int:
    """Lines of a text, the last of which need not have an end."""
    return text.count("\n") + (text != "" and not text.endswith("\n"))
