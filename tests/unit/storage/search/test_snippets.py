"""A snippet is a piece of the text around a hit."""

from hypothesis import given, settings
from hypothesis import strategies as st

from agentmonitor.model.search import parse_words
from agentmonitor.storage.sqlite.queries import search as queries
from agentmonitor.storage.sqlite.queries.search_expression import expression
from tests.unit.storage.search.asking import page, said
from tests.unit.storage.store import Store


@settings(deadline=None, max_examples=60)
@given(
    before=st.text(alphabet="ab \n\té👩\u200d💻\u0301", max_size=400),
    after=st.text(alphabet="ab \n\té👩\u200d💻\u0301", max_size=400),
)
def test_a_snippet_is_a_piece_of_the_text_with_the_hit_in_it(before: str, after: str) -> None:
    text = f"{before} needle {after}"
    ((_, snippet, highlights),) = queries._snippets(
        [(1, [text, "", "", "", ""])], expression(parse_words("needle"))
    ).values()
    assert snippet in text
    assert len(snippet) <= 200
    assert [snippet[start:end] for start, end in highlights] == ["needle"]


def test_marks_in_a_text_are_not_taken_for_hits(store: Store) -> None:
    store.write(said("\x02not\x03 this needle \x02 <b>bold</b>"))
    (hit,) = page(store, "needle").results
    assert [hit.snippet[start:end] for start, end in hit.highlights] == ["needle"]
    assert hit.snippet.endswith("<b>bold</b>")
