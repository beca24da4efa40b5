from __future__ import annotations

from datetime import UTC, datetime

import pytest

from collector.spool.names import PART_SUFFIX, FileName, parse_name

NAME = FileName(
    arrived_nanoseconds=1_790_000_000_123_456_789,
    writer="00000a1bdeadbeef",
    sequence=7,
    size_bytes=5000,
    records={"traces": 3, "calls": 12},
)


def test_a_name_says_what_is_inside() -> None:
    assert str(NAME) == (
        "01790000000123456789-00000a1bdeadbeef-0000000007-5000-calls=12,traces=3.spool"
    )
    parsed = parse_name(str(NAME))
    assert parsed is not None
    assert parsed.records == {"calls": 12, "traces": 3}
    assert parsed.arrived_at == datetime(2026, 9, 21, 14, 13, 20, 123456, tzinfo=UTC)
    assert parsed.disk_bytes == 8192


def test_a_file_being_written_has_the_same_name_with_another_ending() -> None:
    assert parse_name(f"{NAME}{PART_SUFFIX}") == parse_name(str(NAME))


@pytest.mark.parametrize("receiver", ["a-b", "a=b", "a,b", "a/b", "ü", "a.part", ""])
def test_any_name_of_a_receiver_survives(receiver: str) -> None:
    name = FileName(
        arrived_nanoseconds=1, writer="ab", sequence=1, size_bytes=1, records={receiver: 4}
    )
    assert "/" not in str(name)
    parsed = parse_name(str(name))
    assert parsed is not None
    assert parsed.records == {receiver: 4}


@pytest.mark.parametrize(
    "text",
    ["", "id", "occupied", "a.spool", "1-2-3-4-calls=1.spool", "x-ab-1-1-calls=1.spool", "..spool"],
)
def test_other_files_are_none_of_the_spools(text: str) -> None:
    assert parse_name(text) is None
