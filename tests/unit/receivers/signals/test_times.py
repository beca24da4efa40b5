"""Times of log records as OTLP's JSON writes them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from collector.receivers.received import Received
from tests.decoders.logs import decode_json
from tests.unit.receivers.signals.requests import NANOS, an_event, json_request

GOOD = json.loads(json_request(an_event()))["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]


def decode(*records: Any) -> Received:
    tenant = {"attributes": [{"key": "tenant.id", "value": {"stringValue": "acme"}}]}
    logs = {"resource": tenant, "scopeLogs": [{"logRecords": list(records)}]}
    return decode_json(json.dumps({"resourceLogs": [logs]}).encode())


@pytest.mark.parametrize(
    ("name", "times"),
    [
        ("timeUnixNano", {"timeUnixNano": "x", "observedTimeUnixNano": str(NANOS)}),
        ("observedTimeUnixNano", {"timeUnixNano": "0", "observedTimeUnixNano": "soon"}),
    ],
)
def test_a_time_that_is_no_integer_is_named_and_hurts_only_its_record(
    name: str, times: dict[str, str]
) -> None:
    result = decode(GOOD, {**GOOD, **times}, GOOD)
    assert result.positions == [0, 2]
    (refusal,) = result.refusals
    assert (refusal.index, refusal.path) == (1, name)
    assert refusal.reason == f"{times[name]!r} is no 64-bit integer"


def test_when_a_record_was_observed_does_not_matter_if_it_says_when_it_happened() -> None:
    assert decode({**GOOD, "observedTimeUnixNano": "soon"}).calls == decode(GOOD).calls
