"""GET /api/v2/sessions/{id}/export: whole, and hostile text stays text."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from urllib.parse import quote

import httpx

from .client import Api, event, unique
from .session_story import ROOT

HOSTILE = (
    "<script>alert(1)</script> <img src=x onerror=alert(2)> &amp; \"quoted\" 'single'"
    " </pre></article>"
    "\n``` ````\n# heading ![i](http://evil.example/x.png) [l](javascript:alert(3))\x1b[31m\u202e"
)


class Page(HTMLParser):
    """The tags and the texts of an HTML page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.said = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.said += data


def hostile(api: Api, agent: str) -> str:
    """A session that is hostile in every text that an export shows."""
    session = unique() + ' "; filename=evil.exe\r\nx: y/../é<script>'
    one = {"session_id": session, "tool_name": HOSTILE[:100], "model": HOSTILE[:80]}
    told = {"command": HOSTILE, "error": HOSTILE, "output": HOSTILE, "subagent_id": HOSTILE}
    api.ingest(
        event(agent, **{**one, "event_type": "user_prompt", "metadata": {"prompt": HOSTILE}}),
        event(agent, **one, project=HOSTILE[:90], branch=HOSTILE[:70], metadata=told),
    )
    return session


def exported(api: Api, session: str, form: str) -> httpx.Response:
    response = api.http.get(f"{ROOT}/{quote(session, safe='')}/export", params={"format": form})
    assert response.status_code == 200
    name = response.headers["content-disposition"]
    assert re.fullmatch(rf'attachment; filename="[A-Za-z0-9_-]{{1,200}}\.{form}"', name), name
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert response.headers["x-content-type-options"] == "nosniff"
    return response


def visible(said: str) -> str:
    return said.replace("\x1b", "\ufffd")


def test_in_an_html_export_hostile_text_stays_text(api: Api, agent: str) -> None:
    response = exported(api, hostile(api, agent), "html")
    page = Page()
    page.feed(response.text)
    assert page.tags <= {"html", "head", "meta", "title", "style", "body", "h1", "h2", "pre",
                         "article", "small", "p"}  # fmt: skip
    assert page.attributes <= {"lang", "charset", "name", "content", "http-equiv", "class"}
    assert page.said.count(visible(HOSTILE)) >= 4
    assert "<script" not in response.text


def test_in_a_markdown_export_hostile_text_stands_in_fences(api: Api, agent: str) -> None:
    response = exported(api, hostile(api, agent), "md")
    fence, outside = None, []
    for line in response.text.split("\n"):
        run = re.match(r"`{3,}", line)
        if fence is None and run:
            fence = run[0]
        elif fence is not None and line == fence:
            fence = None
        elif fence is None:
            outside.append(line)
    assert fence is None
    for line in outside:
        assert not re.search(r"(?<!\\)[<\[\]`!:]|^# h|^ {4}|\u202e", line), line
    assert response.text.count(visible(HOSTILE)) >= 4


def test_a_json_export_has_the_session_and_every_entry(api: Api, agent: str) -> None:
    session = hostile(api, agent)
    found = json.loads(exported(api, session, "json").text)
    assert found["session"]["id"] == session
    assert [entry["role"] for entry in found["entries"]] == ["user", "tool"]
    assert found["entries"][0]["text"] == HOSTILE
    assert found["entries"][1]["output"] == HOSTILE


def test_an_export_of_many_pages_is_whole(api: Api, agent: str, session_id: str) -> None:
    api.ingest_batch([event(agent, session_id=session_id, metadata={"n": n}) for n in range(350)])
    for form, mark in (("json", '"role":"tool"'), ("html", "<article "), ("md", "\n## ")):
        assert exported(api, session_id, form).text.count(mark) == 350
    assert api.http.head(f"{ROOT}/{session_id}/export").content == b""
