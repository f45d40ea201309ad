"""The content of messages as Gemini-like APIs have it: a text, a part, or a list of both."""

from collections.abc import Iterator, Mapping
from typing import Any

from agentmonitor.agents import documents
from agentmonitor.agents.documents import MAX_TEXT
from agentmonitor.model.activity import MAX_DETAIL


def parts(content: Any) -> Iterator[Mapping[str, Any]]:
    """The parts of a content; a text is a part with a text."""
    for item in content if isinstance(content, list) else (content,):
        if isinstance(item, str):
            yield {"text": item}
        elif isinstance(item, dict):
            yield item


def spoken(content: Any) -> str:
    """All that is said in a content, its thoughts left out."""
    texts = [part["text"] for part in parts(content)
             if isinstance(part.get("text"), str) and part.get("thought") is not True]  # fmt: skip
    return "".join(texts)


def said(content: Any) -> str:
    """The beginning of that."""
    return spoken(content)[:MAX_TEXT]


def answered(content: Any) -> str:
    """The beginning of what a tool answered."""
    for part in parts(content):
        response = part.get("functionResponse")
        if isinstance(response, dict):
            found = documents.excerpt(response.get("response"))
            if found:
                return found
    return documents.excerpt(spoken(content))


def changed(display: Any) -> tuple[int, int] | None:
    """Lines that a call added and removed, by what is shown of its result."""
    facts = documents.mapping(display)
    stat = documents.mapping(facts.get("diffStat"))
    if stat:
        return (
            documents.count(stat.get("model_added_lines")),
            documents.count(stat.get("model_removed_lines")),
        )
    return documents.changed(facts.get("fileDiff"))


def question(given: Any) -> str | None:
    """What a call that asks the user asks."""
    asked = [
        documents.text(each.get("question"))
        for each in documents.objects(documents.mapping(given).get("questions"))
    ]
    told = "\n".join(filter(None, asked))[:MAX_DETAIL]
    return told or documents.detail(documents.described(given))
