"""The names that models go by: prefixes, dates, versions and what agents append."""

import re
from collections.abc import Iterator

LONGEST = 200
"""Characters; what is longer names no model. What arrives is untrusted."""

_APPENDED = re.compile(r"\[[^\]]*\]$")
_WINDOW = re.compile(r"\[([1-9])m\]$")
_OWN_MACHINE = re.compile(r":(?:latest|[\d.]+[bm](?:-.*)?)$")
_VENDOR = re.compile(
    r"^(?:[a-z-]+\.)?(?:ai21|amazon|anthropic|cohere|deepseek|meta|minimax|mistral|moonshot"
    r"|moonshotai|nvidia|openai|qwen|writer|zai)\."
)
_ENDING = re.compile(
    r"(?:-v[12](?::\d+)?|@[\w-]+|-20\d\d-?[01]\d-?[0-3]\d|-latest|-fast|-thinking"
    r"|-(?:minimal|low|medium|high|xhigh)|:(?:thinking|beta|exacto|nitro|floor|online))$"
)
_VERSION_FIRST = re.compile(r"^claude-(\d)[.-](\d)-(haiku|opus|sonnet)(?=-|$)")
_COMPACT_DATE = re.compile(r"-(20\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)")

ALIASES = {
    "alibaba": "qwen",
    "azure_ai": "azure",
    "azure_openai": "azure",
    "azure-cognitive-services": "azure",
    "bigmodel": "zhipuai",
    "chatgpt": "openai",
    "dashscope": "qwen",
    "fireworks_ai": "fireworks",
    "fireworks-ai": "fireworks",
    "kimi": "moonshotai",
    "minimax-cn": "minimax",
    "z-ai": "zai",
    "z.ai": "zai",
    "zai-coding-plan": "zai",
    "zhipu": "zhipuai",
    "zhipuai-coding-plan": "zhipuai",
}
"""Prefixes that name a provider and are not known to the catalogue."""

SOLE = ("anthropic", "openai", "google", "x-ai", "cursor")
"""Makers who alone set their models' prices. Anyone may serve the models of the others, which
publish the weights, at a price of his own."""

STAND_INS = {"qwen": ("openrouter", "qwen/", re.compile(r"^q(?:wen|wq|vq)"))}
"""Makers whose own prices the catalogue lacks: who sells their models, under which prefix, and
how the models are called."""


def plain(name: str) -> str:
    """``name`` in lower case without what agents append, such as ``[1m]`` for the large window."""
    return _APPENDED.sub("", name.strip().lower())


def window(name: str) -> int | None:
    """The tokens of the context window that ``name`` itself asks for, as ``…[1m]`` does."""
    asked = _WINDOW.search(name.strip().lower())
    return None if asked is None else int(asked[1]) * 1_000_000


def on_own_machine(name: str) -> bool:
    """Whether ``name`` has a tag as local runtimes give it, such as ``:14b``: it has no price."""
    return _OWN_MACHINE.search(name) is not None


def is_bedrock(name: str) -> bool:
    """Whether a name without a prefix is one of AWS Bedrock: ``us.anthropic.claude-…-v1:0``."""
    return _VENDOR.match(name) is not None


def is_vertex(name: str) -> bool:
    """Whether a name without a prefix is one of Google's for another's model: ``claude-…@date``."""
    return name.startswith("claude") and "@" in name


def spellings(name: str) -> Iterator[str]:
    """Ways to write ``name``, the given one first, each a little less exact than the one before."""
    yield name
    if _VERSION_FIRST.match(name):  # as some editors write it: claude-4.5-sonnet
        name = _VERSION_FIRST.sub(r"claude-\3-\1-\2", name)
        yield name
    dashed = _COMPACT_DATE.sub(r"-\1-\2-\3", name)
    if dashed != name:
        yield dashed
    while "/" in name:
        name = name.partition("/")[2]
        yield name
    shorter = _VENDOR.sub("", name)
    if shorter == name:
        shorter = _ENDING.sub("", name)
    while shorter != name:
        yield shorter
        name, shorter = shorter, _ENDING.sub("", shorter)
