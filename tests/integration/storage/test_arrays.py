"""Arrays that we write ourselves are read by Postgres as what they were."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.storage.budgets.arrays import array, columns


def read_back(connection: psycopg.Connection[Any], written: str, kind: str) -> list[Any]:
    """What Postgres understands."""
    row = connection.execute(f"SELECT %s::{kind}[]", (written,)).fetchone()
    assert row is not None
    return list(row[0])


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("bigint", [1, -2, None, 2**62]),
        ("uuid", [UUID(int=5), None]),
        ("boolean", [True, False, None]),
        ("date", [date(2026, 11, 2)]),
        ("timestamptz", [datetime(2026, 11, 2, 9, 30, 0, 5, UTC), None]),
        ("text", ["", "NULL", "null", None, 'a"b', "a\\b", "{a,b}", " ü ", "line\nbreak"]),
    ],
)
def test_what_is_written_is_read(database_url: str, kind: str, values: list[Any]) -> None:
    with psycopg.connect(database_url) as connection:
        assert read_back(connection, array(values), kind) == values


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.text(st.characters(exclude_characters="\x00", codec="utf-8"))))
def test_any_text_survives(database_url: str, texts: list[str]) -> None:
    with psycopg.connect(database_url) as connection:
        assert read_back(connection, array(texts), "text") == texts


def test_columns_are_those_of_the_rows() -> None:
    assert columns([(1, "a"), (2, None)]) == ["{1,2}", '{"a",NULL}']
