"""Which model a name means, at whom."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmonitor.pricing.catalogue import load_shipped
from agentmonitor.pricing.lookup import find
from agentmonitor.pricing.names import LONGEST, spellings

CATALOGUE = load_shipped()

SONNET = ("anthropic", "claude-sonnet-4-5")
FOUND = [
    # Dated, appended, and as other tools write them.
    ("claude-sonnet-4-5", *SONNET),
    ("claude-sonnet-4-5-20250929", *SONNET),
    ("claude-sonnet-4-5[1m]", *SONNET),
    ("claude-sonnet-4-5-20250929[1m]", *SONNET),
    ("CLAUDE-Sonnet-4-5", *SONNET),
    (" claude-sonnet-4-5 ", *SONNET),
    ("claude-sonnet-4.5", *SONNET),
    ("claude-4.5-sonnet", *SONNET),
    ("claude-4.5-sonnet-thinking", *SONNET),
    ("claude-sonnet-4-20250514", "anthropic", "claude-sonnet-4-0"),
    ("claude-3-5-haiku-latest", "anthropic", "claude-3-5-haiku-latest"),
    ("gpt-4o-2024-08-06", "openai", "gpt-4o"),
    ("gpt-5.2-20251211", "openai", "gpt-5.2"),
    ("gpt-5-codex-high", "openai", "gpt-5"),
    ("codex-mini-latest", "openai", "codex-mini"),
    ("gemini-2.5-pro-latest", "google", "gemini-2.5-pro"),
    ("models/gemini-2.5-pro", "google", "gemini-2.5-pro"),
    # Prefixes.
    ("anthropic/claude-sonnet-4.5", *SONNET),
    ("openai/gpt-5-mini", "openai", "gpt-5-mini"),
    ("google/gemini-2.5-pro", "google", "gemini-2.5-pro"),
    ("gemini/gemini-2.5-flash", "google", "gemini-2.5-flash"),
    ("xai/grok-4", "x-ai", "grok-4-0709"),
    ("moonshot/kimi-k2.5", "moonshotai", "kimi-k2.5"),
    ("openrouter/anthropic/claude-sonnet-4.5", "openrouter", "anthropic/claude-sonnet-4.5"),
    ("groq/openai/gpt-oss-120b", "groq", "openai/gpt-oss-120b"),
    ("github_copilot/claude-opus-5", "github-copilot", "claude-opus-5"),
    ("accounts/fireworks/models/kimi-k2p5", "fireworks", "kimi-k2p5"),
    # Bedrock and Vertex, with and without a prefix.
    ("bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0", "aws",
     "regional.anthropic.claude-sonnet-4-5-20250929-v1:0"),
    ("eu.anthropic.claude-sonnet-4-5-20250929-v1:0", "aws",
     "regional.anthropic.claude-sonnet-4-5-20250929-v1:0"),
    ("global.anthropic.claude-sonnet-4-5-20250929-v1:0", "aws",
     "global.anthropic.claude-sonnet-4-5-20250929-v1:0"),
    ("arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-opus-4-1-20250805-v1:0",
     "aws", "regional.anthropic.claude-opus-4-1-20250805-v1:0"),
    ("vertex_ai/claude-sonnet-4-5@20250929", "google", "claude-sonnet-4-5"),
    ("vertex_ai/publishers/google/models/gemini-2.5-pro", "google", "gemini-2.5-pro"),
    # Who does not list a model asks its maker's price for it.
    ("azure/gpt-5", "openai", "gpt-5"),
    ("azure_ai/claude-sonnet-4-5", *SONNET),
    ("my-gateway/claude-opus-4-8", "anthropic", "claude-opus-4-8"),
    ("my-gateway/anthropic/claude-opus-4-8", "anthropic", "claude-opus-4-8"),
    # GLM is Z.ai's first; Qwen's own prices are not known, so OpenRouter's stand in.
    ("glm-4.6", "zai", "GLM-4.6"),
    ("qwen3-coder-plus", "openrouter", "qwen/qwen3-coder-plus"),
    ("dashscope/qwen3-max", "openrouter", "qwen/qwen3-max"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "provider", "model"), FOUND)
def test_a_name_means_a_model(name: str, provider: str, model: str) -> None:
    found = find(CATALOGUE, name)
    assert found is not None
    assert (found.provider.id, found.model.id) == (provider, model)


@pytest.mark.parametrize(
    "name",
    [
        "", "/", "<synthetic>", "unknown", "my-own-model", "claude", "sonnet", "default", "auto",
        "gpt-strange", "claude-strange-9", "x" * (LONGEST + 1),
        # On one's own machine, or served by someone unknown: the weights are free to all.
        "ollama/deepseek-r1", "ollama/gpt-oss:20b", "deepseek-r1:14b", "qwen3-coder:30b",
        "lmstudio/deepseek/deepseek-r1", "my-gateway/kimi-k2.5", "deepseek-ai/DeepSeek-V3",
    ],
)  # fmt: skip
def test_what_is_not_known_is_not_guessed(name: str) -> None:
    assert find(CATALOGUE, name) is None


def test_the_same_model_may_cost_differently_at_another_provider() -> None:
    """Bedrock's regional endpoints are a tenth dearer than the maker."""
    at_home = find(CATALOGUE, "claude-opus-4-8")
    at_bedrock = find(CATALOGUE, "bedrock/us.anthropic.claude-opus-4-8-v1:0")
    assert at_home is not None
    assert at_bedrock is not None
    assert at_home.model.prices[0].input == 5.0
    assert at_bedrock.model.prices[0].input == 5.5


@pytest.mark.parametrize("name", ["claude-opus-4-8-fast", "anthropic/claude-opus-4.6-fast"])
def test_a_name_may_ask_for_the_fast_mode(name: str) -> None:
    found = find(CATALOGUE, name)
    assert found is not None
    assert found.fast


@pytest.mark.parametrize("name", ["grok-code-fast-1", "grok-3-fast", "claude-opus-4-8"])
def test_fast_in_a_models_own_name_is_no_mode(name: str) -> None:
    found = find(CATALOGUE, name)
    assert found is not None
    assert not found.fast


@given(st.text(max_size=60))
def test_any_text_is_looked_up_without_harm(name: str) -> None:
    find(CATALOGUE, name)


@given(st.from_regex(r"[a-z./@:\-0-9]{1,80}", fullmatch=True))
def test_spellings_end_and_begin_with_the_name_itself(name: str) -> None:
    found = list(spellings(name))
    assert found[0] == name
    assert len(found) < 100
    assert len(set(found)) == len(found)
