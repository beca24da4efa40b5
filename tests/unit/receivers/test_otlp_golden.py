from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.unit.receivers.otlp import ENCODINGS, received

GOLDEN = Path(__file__).parents[2] / "golden"
CASES = sorted([*GOLDEN.glob("otel_genai/*.json"), *GOLDEN.glob("openinference/*.json")])


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_span_becomes_the_call_of_its_golden_file(path: Path, encoding: str) -> None:
    case = json.loads(path.read_text())
    result = received(encoding, case["span"])
    assert result.refusals == []
    if case["call"] is None:
        assert (result.calls, result.ignored) == ([], 1)
    else:
        assert told(result.calls[0]) == case["call"]
        assert result.calls[0].dialect == path.parent.name


def test_there_are_golden_files_for_both_dialects() -> None:
    assert {path.parent.name for path in CASES} == {"otel_genai", "openinference"}


def told(call: Any) -> dict[str, Any]:
    """What a call says beyond its defaults and its identity, as JSON."""
    fields = msgspec.to_builtins(call)
    fields["usage"] = {k: v for k, v in fields["usage"].items() if v is not None}
    defaults = {"status": "ok", "operation": "chat"}
    identity = {"id", "trace_id", "span_id", "parent_span_id", "dialect", "receiver", "scope"}
    return {
        name: value
        for name, value in fields.items()
        if name not in identity and value not in (None, "") and defaults.get(name) != value
    }
