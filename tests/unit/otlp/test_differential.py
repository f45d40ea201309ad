"""One request in protobuf and in JSON, in each spelling of JSON, gives the same records."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agentmonitor.otlp import json as otlp_json
from agentmonitor.otlp import json_typed, protobuf
from agentmonitor.otlp.records import Decoded
from tests.unit.otlp.strategies import LOGS, METRICS, TRACES, as_json
from tests.unit.otlp.test_json import fixture

SPELLINGS: Any = st.fixed_dictionaries(
    {"snake": st.booleans(), "names": st.booleans(), "hex_ids": st.booleans()}
)


def same(left: Decoded[Any], right: Decoded[Any]) -> None:
    assert left.records == right.records
    assert left.rejected == right.rejected
    assert bool(left.message) == bool(left.rejected)
    # "The same" of Python would let 1, 1.0 and True pass for each other.
    assert repr([r.attributes for r in left.records]) == repr([r.attributes for r in right.records])


@settings(max_examples=150)
@given(LOGS, SPELLINGS)
def test_logs(message: Any, spelling: dict[str, bool]) -> None:
    body = as_json(message, **spelling)
    found = protobuf.decode_logs(message.SerializeToString())
    same(otlp_json.decode_logs(body), found)
    same(otlp_json.decode_logs_leniently(body), found)


@settings(max_examples=150)
@given(METRICS, SPELLINGS)
def test_metrics(message: Any, spelling: dict[str, bool]) -> None:
    body = as_json(message, **spelling)
    same(otlp_json.decode_metrics(body), protobuf.decode_metrics(message.SerializeToString()))


@settings(max_examples=150)
@given(TRACES, SPELLINGS)
def test_traces(message: Any, spelling: dict[str, bool]) -> None:
    body = as_json(message, **spelling)
    same(otlp_json.decode_traces(body), protobuf.decode_traces(message.SerializeToString()))


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        ("", "null", "true", "TRUE", "1", "12", "-3", "1.5", "1e3", "NaN", "-Infinity", "aGk=",
         "INFO", "1795467600000000000", "1.795e18", " 1", "007", "ÿ", "0" * 16, "a" * 32)
    ),
    st.sampled_from(({}, [], {"values": []}, {"values": [{"stringValue": "a"}]}, ["a"], {"a": 1})),
)  # fmt: skip
ODD_VALUES = st.one_of(
    st.dictionaries(
        st.sampled_from(
            ("stringValue", "intValue", "doubleValue", "boolValue", "bytesValue", "arrayValue",
             "kvlistValue", "string_value", "int_value", "other")
        ),
        ODD,
        max_size=2,
    ),
    ODD,
)  # fmt: skip
ODD_RECORDS = st.fixed_dictionaries(
    {},
    optional={
        "timeUnixNano": ODD,
        "observed_time_unix_nano": ODD,
        "severityNumber": ODD,
        "eventName": ODD,
        "traceId": ODD,
        "span_id": ODD,
        "body": ODD_VALUES,
        "attributes": st.one_of(
            ODD, st.lists(st.fixed_dictionaries({"key": ODD, "value": ODD_VALUES}), max_size=2)
        ),
    },
)


@settings(max_examples=300)
@given(st.lists(ODD_RECORDS, max_size=2))
@example([{"body": {"arrayValue": None}}])
@example([{"body": {"stringValue": None, "intValue": 5}}])
def test_what_the_typed_way_takes_it_reads_like_the_other(records: list[Any]) -> None:
    scoped = {"scope": {"name": "s"}, "logRecords": records}
    body = json.dumps({"resourceLogs": [{"scopeLogs": [scoped]}]}).encode()
    lenient = otlp_json.decode_logs_leniently(body)
    assert len(lenient.records) + lenient.rejected == len(records)
    typed = json_typed.decode(body)
    if typed is not None:
        same(typed, lenient)


@pytest.mark.parametrize("field", ["time_unix_nano", "severity_number", "trace_id", "event_name"])
def test_one_name_in_snake_case_among_others_is_not_overlooked(field: str) -> None:
    record = {"timeUnixNano": "1", field: "1"}
    body = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}).encode()
    assert json_typed.decode(body) is None


def test_the_typed_way_takes_what_agents_send() -> None:
    assert json_typed.decode(fixture("claude_code_logs")) is not None
