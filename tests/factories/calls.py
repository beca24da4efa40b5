"""Calls and records for tests: sensible unless a test says otherwise."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Any

from ledger.domain.calls import Call
from ledger.domain.usage import Usage

START = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)

_numbers = count(1)


def a_call(**changes: Any) -> Call:
    """A priced chat call of tenant acme; 1,000 input and 100 output tokens of gpt-4o-mini."""
    fields: dict[str, Any] = {
        "tenant": "acme",
        "id": f"call-{next(_numbers)}",
        "started_at": START,
        "provider": "openai",
        "model": "gpt-4o-mini",
        "usage": Usage(input_tokens=1000, output_tokens=100),
        "duration_seconds": 1.5,
    }
    return Call(**{**fields, **changes})


def a_record(**changes: Any) -> dict[str, Any]:
    """The same call in the JSON of POST /v1/calls."""
    fields: dict[str, Any] = {
        "tenant": "acme",
        "id": f"record-{next(_numbers)}",
        "started_at": START.isoformat(),
        "provider": "openai",
        "model": "gpt-4o-mini",
        "usage": {"input_tokens": 1000, "output_tokens": 100},
        "duration_seconds": 1.5,
    }
    return {**fields, **changes}
