"""What a user looks for, in the language of FTS5."""

from agentmonitor.model.search import Term, Words
from agentmonitor.storage.sqlite.search_words import COLUMNS

_COLUMN_FILTER = f"{{{' '.join(COLUMNS)}}} : "


def cost(words: Words) -> tuple[bool, str]:
    """Whether a query takes long in each part of the index, and what of it does not."""
    plain = [
        group
        for group in words.wanted
        if all(term.text.isalnum() and not term.prefix for term in group)
    ]
    is_costly = len(plain) < len(words.wanted)
    return is_costly, expression(Words(wanted=tuple(plain))) if is_costly and plain else ""


def expression(words: Words) -> str:
    """A query in FTS5's language, in which every text of the user's is quoted."""
    groups = [" OR ".join(map(_quoted, group)) for group in words.wanted]
    wanted = " AND ".join(f"({group})" for group in groups)
    if words.unwanted:
        wanted = f"({wanted}) NOT ({' OR '.join(map(_quoted, words.unwanted))})"
    return f"{_COLUMN_FILTER}({wanted})"


def _quoted(term: Term) -> str:
    text = term.text.replace('"', '""')
    return f'"{text}"*' if term.prefix else f'"{text}"'
