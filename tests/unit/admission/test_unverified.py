"""Admissions without the ledger, on disk."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collector.admission.unverified import Unverified
from ledger.domain.errors import SpoolFull, SpoolUnusable
from ledger.domain.reservations.commands import Record
from ledger.domain.reservations.names import new_name
from ledger.domain.reservations.reservation import Quantity
from tests.factories.calls import a_call

NOW = datetime(2026, 11, 16, 12, 0, tzinfo=UTC)
ROOM = 2**20


def a_record() -> Record:
    """One admission, with everything that is hard to encode."""
    return Record(
        reservation_id=new_name(),
        call=a_call(tags={"team": "ü", "size": 3, "ratio": 0.5, "is": True}),
        amount=Quantity(5 * 10**12, 100),
        admitted_at=NOW,
        expires_at=NOW + timedelta(minutes=10),
        dimensions={"tenant": "acme", "user": "grace"},
    )


def recorded(unverified: Unverified) -> list[Record]:
    """What comes out, all files one after the other."""
    found: list[Record] = []
    while True:
        with unverified.next_file() as file:
            if file is None:
                return found
            found += file[1]


def test_what_is_kept_comes_out_once_and_in_order(tmp_path: Path) -> None:
    unverified = Unverified(tmp_path / "admissions", ROOM)
    records = [a_record() for _ in range(5)]

    unverified.keep(records[:2])
    unverified.keep(records[2:])
    assert unverified.has_any()
    unverified.close()

    assert recorded(unverified) == records
    assert not unverified.has_any()


def test_a_file_is_left_alone_while_its_process_writes_to_it(tmp_path: Path) -> None:
    writing, other = (Unverified(tmp_path, ROOM) for _ in range(2))
    record = a_record()
    writing.keep([record])

    assert recorded(other) == []
    writing.close()
    assert recorded(other) == [record]


def test_a_file_stays_when_recording_it_fails(tmp_path: Path) -> None:
    unverified = Unverified(tmp_path, ROOM)
    record = a_record()
    unverified.keep([record])
    unverified.close()

    with pytest.raises(OSError, match="away"), unverified.next_file():
        raise OSError("Postgres is away")

    assert recorded(unverified) == [record]


def test_what_a_kill_cut_off_hides_nothing_before_it(tmp_path: Path) -> None:
    unverified = Unverified(tmp_path, ROOM)
    records = [a_record(), a_record()]
    unverified.keep(records)
    unverified.close()
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-7])

    assert recorded(unverified) == records[:1]


def test_a_damaged_file_is_set_aside(tmp_path: Path) -> None:
    unverified = Unverified(tmp_path, ROOM)
    unverified.keep([a_record(), a_record()])
    unverified.close()
    (file,) = tmp_path.iterdir()
    content = bytearray(file.read_bytes())
    content[20] ^= 255
    file.write_bytes(content)

    assert recorded(unverified) == []
    assert [path.name for path in tmp_path.iterdir()] == [f"{file.name}.damaged"]


def test_the_bound_is_kept_and_said(tmp_path: Path) -> None:
    with pytest.raises(SpoolFull):
        Unverified(tmp_path, 0).keep([a_record()])
    unverified = Unverified(tmp_path, 2_000)
    unverified.keep([a_record()])
    with pytest.raises(SpoolFull):
        unverified.keep([a_record() for _ in range(20)])
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 2_000


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(SpoolUnusable, match="/file cannot be used"):
        Unverified(tmp_path / "file", ROOM).keep([a_record()])
