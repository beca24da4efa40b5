"""Golden files: a request as OTLP's JSON, short enough to read, and what must be booked of it."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from importlib.metadata import version
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.golden.capture.forms import Served

_LONGEST_TEXT = 300
_IDS = ("traceId", "spanId", "parentSpanId")
_LEFT_OUT = re.compile(r"stack_?trace")
_NEVER_CUT = re.compile(r"metadata|usage|cost")
_PLAIN_PAIR = re.compile(r'\{\s+"key": ("[^\n]*"),\s+"value": \{\s+([^\n]*)\s+\}\s+\}')


def merged_request(requests: list[tuple[str, bytes]]) -> dict[str, Any]:
    """All requests of one form as one, in OTLP's JSON."""
    merged = ExportTraceServiceRequest()
    for _, body in requests:
        merged.MergeFromString(body)
    document: dict[str, Any] = _readable(MessageToDict(merged))
    return document


def write_golden(
    path: Path, packages: tuple[str, ...], served: Served, request: dict[str, Any]
) -> None:
    """Write a golden file. What was expected before stays, to be looked at when it fails."""
    expected = json.loads(path.read_text())["expected_calls"] if path.exists() else []
    golden = {
        "captured_with": {name: version(name) for name in packages},
        "served": served._asdict(),
        "expected_calls": expected,
        "request": request,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(golden, indent=1, ensure_ascii=False)
    path.write_text(_PLAIN_PAIR.sub(r'{"key": \1, "value": {\2}}', text) + "\n")


def _readable(value: Any, name: str = "") -> Any:
    if isinstance(value, list):
        return [_readable(item, name) for item in value]
    if not isinstance(value, dict):
        return value
    name = str(value.get("key", name))
    shown = {}
    for key, item in value.items():
        if key in _IDS:
            shown[key] = b64decode(item).hex()
        elif key == "stringValue":
            shown[key] = _shortened(item, name)
        else:
            shown[key] = _readable(item, name)
    return shown


def _shortened(text: str, name: str) -> str:
    """A text as long as it says something: stacks name the places of one machine."""
    if _LEFT_OUT.search(name):
        return "…"
    if len(text) <= _LONGEST_TEXT or _NEVER_CUT.search(name):
        return text
    return f"{text[:100]}…"
