from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from collector.doctor.findings import Finding
from collector.doctor.machine_checks import collector_findings, disk_finding, spool_findings
from collector.spool.spool import Spool
from tests.factories.requests import an_accepted_request
from tests.servers.processes import free_port


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """A spool with room for ten small files, not there yet."""
    return Spool(tmp_path / "spool", 10 * 4096)


def findings(spool: Spool, *, is_ledger_there: bool = True) -> dict[str, Finding]:
    found = spool_findings(spool, is_ledger_there=is_ledger_there)
    return {finding.check: finding for finding in found}


def states(spool: Spool, *, is_ledger_there: bool = True) -> list[str]:
    return [f.state for f in findings(spool, is_ledger_there=is_ledger_there).values()]


def test_a_spool_that_is_not_there_is_well_and_stays_away(spool: Spool) -> None:
    assert states(spool) == ["ok", "ok", "ok"]
    assert not spool.directory.exists()


def test_records_that_wait_are_told(spool: Spool) -> None:
    spool.put(an_accepted_request(3))
    assert findings(spool)["spool"].found.startswith("waiting: 3 records in 1 file; 0.0 MiB of")
    assert states(spool) == ["ok", "ok", "ok"]


def test_records_that_wait_long_are_wrong_only_while_postgres_answers(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time_ns()
    with monkeypatch.context() as patched:
        patched.setattr(time, "time_ns", lambda: now - 120 * 10**9)
        spool.put(an_accepted_request())
    assert states(spool) == ["wrong", "ok", "ok"]
    assert "collector runs" in findings(spool)["spool"].advice
    assert states(spool, is_ledger_there=False) == ["ok", "ok", "ok"]


def test_a_nearly_full_spool_is_wrong(spool: Spool) -> None:
    for _ in range(10):
        spool.put(an_accepted_request())
    assert "TOLLBOOK_SPOOL_MAX_BYTES" in findings(spool)["spool"].advice


def test_files_set_aside_are_wrong_and_found(spool: Spool) -> None:
    spool.put(an_accepted_request())
    (name,) = spool.files()
    spool.keep_damaged(name)
    spool.keep_failed(name, [an_accepted_request()])
    assert states(spool) == ["ok", "wrong", "wrong"]
    assert str(spool.directory / "damaged") in findings(spool)["spool: damaged"].found
    assert f"back to {spool.directory}" in findings(spool)["spool: failed"].advice


def test_a_spool_that_cannot_be_read_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("")
    assert states(Spool(tmp_path / "spool", 4096)) == ["wrong"]


def test_the_disk_of_a_home_that_is_not_there_yet_is_measured(tmp_path: Path) -> None:
    finding = disk_finding(tmp_path / "not" / "yet")
    assert str(tmp_path / "not" / "yet") in finding.found


def test_a_disk_without_room_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.statvfs(tmp_path)

    def nearly_full(_path: object) -> os.statvfs_result:
        fields = list(real)
        fields[3] = fields[4] = 1000
        return os.statvfs_result(fields)

    monkeypatch.setattr(os, "statvfs", nearly_full)
    finding = disk_finding(tmp_path)
    assert (finding.state, finding.advice[:9]) == ("wrong", "make room")


def test_a_collector_that_does_not_run_is_wrong() -> None:
    found = list(collector_findings(f"127.0.0.1:{free_port()}"))
    assert [finding.state for finding in found] == ["wrong", "wrong"]
    assert "tollbook collect" in found[0].advice
