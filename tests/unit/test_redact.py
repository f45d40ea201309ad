"""Secrets that are taken out, and everything that has to stay."""

from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agentmonitor.redact import (
    _SECRET,
    MARK,
    _replacement,
    may_hold_secret,
    redact,
    redact_text,
    suspects,
)
from tests.unit.model.strategies import json_values

KEY = "aB3" * 12
JWT = f"eyJ{KEY}.eyJ{KEY}.{KEY}"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAKC\n-----END RSA PRIVATE KEY-----"

HITS = {
    f"sk-ant-api03-{KEY}": MARK,
    f"sk-proj-{KEY}": MARK,
    f"key sk-{KEY} end": f"key {MARK} end",
    f"ghp_{KEY}": MARK,
    f"github_pat_{KEY}": MARK,
    f"glpat-{KEY}": MARK,
    "xoxb-1234567890-abcdef": MARK,
    "AKIAIOSFODNN7EXAMPLE": MARK,
    f"AIza{KEY}"[:39]: MARK,
    f"npm_{KEY}": MARK,
    f"pypi-{KEY}": MARK,
    f"sk_live_{KEY}": MARK,
    f"token {JWT}.": f"token {MARK}.",
    PEM: MARK,
    PEM.replace("\n", "\\n"): MARK,
    f"a {PEM[:50]}": f"a {MARK}",
    f"Authorization: Bearer {KEY}": f"Authorization: Bearer {MARK}",
    "postgres://app:hunter2@db:5432/x": f"postgres://app:{MARK}@db:5432/x",
    "https://user:p%40ss@example.com/a": f"https://user:{MARK}@example.com/a",
    "OPENAI_API_KEY=abcdefgh1234": f"OPENAI_API_KEY={MARK}",
    "API_KEY          = abcdefgh1234": f"API_KEY          = {MARK}",
    "GH_TOKEN\t\t= abcdefgh1234": f"GH_TOKEN\t\t= {MARK}",
    "TOKEN\n: abcdefgh1234": f"TOKEN\n: {MARK}",
    'export DB_PASSWORD="correcthorse" && ls': f'export DB_PASSWORD="{MARK}" && ls',
    "api_key: abcdefghij, next": f"api_key: {MARK}, next",
    "client_secret=0123456789abcdef&x=1": f"client_secret={MARK}&x=1",
    "Password: correcthorse": f"Password: {MARK}",
    "Api_Key=abcdefgh12": f"Api_Key={MARK}",
    f'JWT_SECRET="{PEM}" && ls': f'JWT_SECRET="{MARK}" && ls',
    f"{'deep_' * 12}token={KEY}": f"{'deep_' * 12}token={MARK}",
    PEM.replace("RSA PRIVATE KEY", "PGP PRIVATE KEY BLOCK"): MARK,
    f"one ghp_{KEY} two npm_{KEY}": f"one {MARK} two {MARK}",
}
MISSES = [
    "", "token", "the token is expired", "max_tokens: 4096", "tokens_in=12", "API_KEY=$OPENAI_KEY",
    "API_KEY=${KEY}", "password=<your password>", "PASSWORD=***", "secret: true", "token=null",
    "TOKEN=...", "sk-short", "task-list-of-things-to-do-later",
    "risk-assessment-document-2026-final", "https://example.com:8080/a@b",
    "git@github.com:me/repo.git", "http://localhost:3141/api/events",
    "AKIA", "eyJ is how they begin", "-----BEGIN PUBLIC KEY-----\nabc\n-----END PUBLIC KEY-----",
    "keyboard = qwertzuiop", "passport: checked today", "monkey=business", "Bearer of good news",
    "2026-11-23T21:00:00.000Z", "/home/dev/secret-santa/token_parser.py", "def tokenize(text):",
    "commit 4f2b8c1e7d444a0b9c550e6f1a2b3c4d5e6f7a8b",
]  # fmt: skip


@pytest.mark.parametrize("text", HITS)
def test_a_secret_is_taken_out_and_nothing_else(text: str) -> None:
    assert redact_text(text) == HITS[text]


@given(
    st.lists(st.sampled_from([*HITS, *MISSES]).map(lambda text: msgspec.json.encode(text).decode()))
)
def test_one_look_at_many_finds_those_that_a_look_at_each_would(texts: list[str]) -> None:
    assert suspects(texts) == [n for n, text in enumerate(texts) if may_hold_secret(text)]


@pytest.mark.parametrize("text", MISSES)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact_text(text) == text


COMPANY = ("", " ~" * 1000)
"""Short and long texts are looked at in different ways."""


@pytest.mark.parametrize("company", COMPANY, ids=["short", "long"])
@pytest.mark.parametrize("text", HITS)
def test_the_quick_look_misses_no_secret_inside_json(text: str, company: str) -> None:
    encoded = msgspec.json.encode({"a": [company, {"b": text}]}).decode()
    assert may_hold_secret(encoded)


@pytest.mark.parametrize(
    "name", ["password", "api_key", "apiKey", "client_secret", "db-password", "Authorization"]
)
def test_the_value_of_a_telling_name_is_a_secret_whatever_it_looks_like(name: str) -> None:
    document = {"headers": {name: "hunter2"}, "passwords_checked": "all"}
    assert may_hold_secret(msgspec.json.encode(document).decode())
    assert redact(document) == {"headers": {name: MARK}, "passwords_checked": "all"}


@pytest.mark.parametrize("text", HITS)
def test_secrets_are_found_at_any_depth_and_keys_stay(text: str) -> None:
    document = {"token": [1, None, {text: {"b": text, "c": 1.5}}]}
    assert redact(document) == {"token": [1, None, {text: {"b": HITS[text], "c": 1.5}}]}


@given(json_values())
@example({"a": PEM})
def test_json_stays_json_of_the_same_shape(value: Any) -> None:
    def shape(item: Any) -> Any:
        if isinstance(item, dict):
            return {key: shape(inner) for key, inner in item.items()}
        if isinstance(item, list):
            return [shape(inner) for inner in item]
        return str if isinstance(item, str) else item

    assert shape(redact(value)) == shape(value)


@given(st.text(), st.sampled_from(sorted(HITS)), st.text())
def test_a_secret_in_any_company_is_taken_out(before: str, text: str, after: str) -> None:
    """Whatever stands around it, apart from letters that would make it another word."""
    found = redact_text(f"{before} {text} {after}")
    assert MARK in found
    assert KEY not in found


@given(st.text())
def test_what_is_redacted_has_nothing_left_to_redact(text: str) -> None:
    once = redact_text(text)
    assert redact_text(once) == once


@pytest.mark.parametrize(
    "part",
    ["eyJ", "a.", "sk-", "token ", "Bearer ", "https://", "://", "a://b:", "-----BEGIN ", "API_KEY",
     "key=", "xoxb-", "-----BEGIN PRIVATE KEY-----", "eyJaaaaaaaaaa.", "password:'", "\\n", " "],
)  # fmt: skip
def test_no_megabyte_takes_more_than_a_moment(part: str) -> None:
    """The event loop waits for this; the suite's timeout tells when it grows with the square."""
    text = part * (1_000_000 // len(part))
    for whole in (text, text + " token", "token=" + text, text + "@"):
        redact_text(whole)


FRAGMENTS = (
    "sk-", "sk_live_", "rk_", "gh", "o_", "p_", "github_pat_", "glpat-", "xox", "b-", "AKIA",
    "ASIA", "AIza", "npm_", "pypi-", "eyJ", ".", "-----BEGIN ", "PRIVATE KEY", "-----", "Bearer",
    "earer", " ", "\t", "\n", "https://", "/", "user:", "@", '"', "\\", "SECRET", "Secret",
    "ecret", "PASSWORD", "passwd", "API_KEY", "apiKey", "api_key", "TOKEN", "Token", "token", "=",
    ": ", "'", KEY, "A" * 16, ":", "12", "1234567", ",", "}", "key_token=", "Passwd", "PASSW",
    "OPENSSH ", "s", "e", "a:b", PEM, "x" * 1000,
)  # fmt: skip


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=9).map("".join))
def test_the_quick_look_passes_over_nothing_that_the_closer_one_would_find(text: str) -> None:
    for company in COMPANY:
        assert may_hold_secret(text + company) or not _SECRET.search(text + company)


@given(st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=2)), max_size=14))
def test_secrets_are_those_that_a_search_of_the_whole_text_finds(parts: list[str]) -> None:
    text = "".join(parts)
    assert redact_text(text) == _SECRET.sub(_replacement, text)


@pytest.mark.parametrize("count", [1, 200, 5000])
def test_a_text_full_of_secrets_loses_all_of_them(count: int) -> None:
    assert redact_text(f"token={KEY} and " * count) == f"token={MARK} and " * count


def test_a_count_of_tokens_needs_no_closer_look() -> None:
    """It stands in the metadata of nearly each request of some agents."""
    for company in COMPANY:
        assert not may_hold_secret('{"reasoning_tokens":40,"max_tokens": 4096}' + company)
        assert may_hold_secret('{"access_token":"1234567"}' + company)
