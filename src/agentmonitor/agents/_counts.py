"""Token counts of a Gemini-like API in classes that do not overlap.

Source: the Gemini API's ``UsageMetadata``. The prompt holds the cached tokens; thoughts and the
prompts of server-side tools stand beside the candidates and the prompt, and the total holds all.
Generators for OpenAI-like APIs keep these names, but there the candidates hold the thoughts: the
total tells which it is.
"""

import msgspec

from agentmonitor.agents.documents import total as added
from agentmonitor.model.event import MAX_INT


class Counts(msgspec.Struct, frozen=True, gc=False):
    """What one request used, as the client counts it."""

    prompt: int = 0
    output: int = 0
    cached: int = 0
    thoughts: int = 0
    tool: int = 0
    total: int = 0

    @property
    def any(self) -> bool:
        """Whether anything was used."""
        return bool(self.prompt or self.output or self.thoughts or self.tool)

    @property
    def cache_read(self) -> int:
        """Tokens read from the cache."""
        return min(self.cached, self.prompt)

    @property
    def tokens_in(self) -> int:
        """Tokens that were not in the cache."""
        return added(self.prompt - self.cache_read, self.tool)

    def tokens_out(self, *, holds_thoughts: bool) -> int:
        """Tokens that were made. ``holds_thoughts``: what ``output`` does where the total does
        not tell."""
        spoken = self.prompt + self.output + self.tool
        if self.total and self.thoughts:
            # Some clients leave the tools' prompts out of the total.
            holds_thoughts = self.total <= spoken and self.thoughts <= self.output
        return min(self.output if holds_thoughts else self.output + self.thoughts, MAX_INT)

    @property
    def stamp(self) -> str:
        """What tells requests of one session from each other."""
        return f"{self.prompt}.{self.output}.{self.cached}.{self.thoughts}"
