"""Settings files as people write them, for hypothesis: JSON with comments, and TOML."""

from __future__ import annotations

import json
import re
from typing import Any

from hypothesis import strategies as st

KEYS = st.sampled_from(["a", "b", "hooks", "Stop", "env", "telemetry", "übung", 'q"uote', "x y"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.text(max_size=8)
    | st.sampled_from(["// no comment", "/* neither */", "}", "],", '"', "\\", "€", "a\nb"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=4)
GAPS = st.sampled_from(
    ["", "", " ", "\n", "\n    ", "\n\t", " // note\n", "/* note */", "\n  // note\n  ",
     " /* two\n lines */ ", "\n\n"]
)  # fmt: skip


@st.composite
def jsonc(draw: st.DrawFn, objects: st.SearchStrategy[dict[str, Any]] = OBJECTS) -> str:
    """An object as text, with comments, trailing commas and any layout."""
    count = 0

    def gap() -> str:
        nonlocal count
        count += 1
        return draw(GAPS).replace("note", f"note{count}").replace("two", f"two{count}")

    def write(value: Any) -> str:
        if not isinstance(value, dict | list):
            return json.dumps(value, ensure_ascii=draw(st.booleans()))
        if isinstance(value, dict):
            parts = [
                f"{json.dumps(k, ensure_ascii=False)}{gap()}:{gap()}{write(v)}"
                for k, v in value.items()
            ]
        else:
            parts = [write(each) for each in value]
        body = ",".join(f"{gap()}{part}{gap()}" for part in parts)
        trailing: bool = draw(st.booleans())
        if parts and trailing:
            body += "," + gap()
        left, right = "{}" if isinstance(value, dict) else "[]"
        return left + (body or gap()) + right

    text = gap() + write(draw(objects)) + gap()
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))


def comments(text: str) -> list[str]:
    """The numbered notes of a text, in order."""
    return re.findall(r"(?:note|two)\d+", text)


@st.composite
def toml(draw: st.DrawFn) -> str:
    """A configuration with comments, tables, and perhaps something of its own about telemetry."""
    lines = [f"# {draw(st.sampled_from(['mine', 'settings']))}", 'model = "gpt-5"   # fast']
    lines += draw(
        st.lists(st.sampled_from(["", "# more", "x = [1, 2]  # list", 'y."z w" = 1']), unique=True)
    )
    tables = [
        ["[projects.'/home/me/x']", 'trust_level = "trusted" # yes'],
        ["[mcp_servers.one]", 'command = "npx"', "args = [", '  "a", # first', '  "b",', "]"],
        ["[[things]]", "n = 1", "[[things]]", "n = 2"],
        ["[hooks.state]", "'/p:stop:0:0'.enabled = true"],
    ]
    otel = draw(
        st.sampled_from(
            [
                [],
                ["[otel]"],
                ["[otel] # ours", 'environment = "dev" # env'],
                ["[otel]", 'exporter = "none" # off', "log_user_prompt = false"],
                ["[otel]", "", "# nothing yet", ""],
                ["[otel]", "environment = 'dev'", "[otel.trace_exporter.otlp-http]",
                 "endpoint = 'http://x'"],
                ["[otel.trace_exporter.otlp-http]", "endpoint = 'http://x'"],
            ]
        )
    )  # fmt: skip
    for table in draw(st.permutations([*tables, otel])):
        lines += [*draw(st.sampled_from([[], [""], ["", "# about"]])), *table]
    end = draw(st.sampled_from(["", "\n", "\n\n", "\n# end\n"]))
    return ("\n".join(lines) + end).replace("\n", draw(st.sampled_from(["\n", "\r\n"])))
