from __future__ import annotations

import errno
import os
import stat
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collector.receivers.accepted import Accepted
from collector.spool.names import PART_SUFFIX
from collector.spool.spool import Spool, SpoolUsage
from ledger.domain.errors import SpoolFull, SpoolUnusable
from tests.factories.requests import a_mixed_request, an_accepted_request, put_together

BLOCK = 4096


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """A spool with room for ten small files, not there yet."""
    return Spool(tmp_path / "home" / "spool", 10 * BLOCK)


def everything_in(spool: Spool) -> list[Accepted]:
    return [request for name in spool.files() for _, request in spool.read(name).entries]


def test_nothing_is_on_disk_before_the_first_request(spool: Spool) -> None:
    assert spool.usage() == SpoolUsage()
    assert spool.files() == []
    assert not spool.directory.parent.exists()


def test_requests_are_kept_whole_and_in_order(spool: Spool) -> None:
    requests = [an_accepted_request(), a_mixed_request(), an_accepted_request(0, ignored=2)]
    for request in requests:
        spool.put(request)
    assert everything_in(spool) == requests


def test_another_process_start_reads_what_is_there_and_goes_on_behind_it(spool: Spool) -> None:
    first, second = an_accepted_request(), an_accepted_request()
    spool.put(first)
    restarted = Spool(spool.directory, spool.max_bytes)
    restarted.put(second)
    assert everything_in(restarted) == [first, second]
    assert restarted.identity() == spool.identity()


def test_a_clock_that_is_set_back_does_not_change_the_order(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([2_000_000_000, 1_000_000_000])
    monkeypatch.setattr(time, "time_ns", lambda: next(times))
    requests = [an_accepted_request(), an_accepted_request()]
    for request in requests:
        spool.put(request)
    assert everything_in(spool) == requests


def test_usage_says_what_waits(spool: Spool) -> None:
    before = datetime.now(UTC)
    spool.put(an_accepted_request(3))
    spool.put(a_mixed_request())
    usage = spool.usage()
    assert (usage.files, usage.bytes) == (2, 2 * BLOCK)
    assert usage.records_by_receiver == {"calls": 3, "traces": 4}
    assert usage.oldest_arrived_at is not None
    assert timedelta(0) <= usage.oldest_arrived_at - before < timedelta(seconds=10)


def test_only_the_owner_may_read_the_files(spool: Spool) -> None:
    spool.put(an_accepted_request())
    modes = {stat.S_IMODE(path.stat().st_mode) for path in spool.directory.iterdir()}
    assert modes == {0o600}
    assert stat.S_IMODE(spool.directory.stat().st_mode) == 0o700


def test_a_full_spool_refuses_and_takes_again_once_there_is_room(spool: Spool) -> None:
    for _ in range(10):
        spool.put(an_accepted_request())
    with pytest.raises(SpoolFull, match="40960 bytes") as refused:
        spool.put(an_accepted_request())
    assert not refused.value.permanent
    assert spool.usage().bytes == 10 * BLOCK
    spool.remove(spool.files()[:1])
    spool.put(an_accepted_request())
    assert spool.usage().files == 10


def test_the_bound_holds_over_all_writers(spool: Spool) -> None:
    writers = [Spool(spool.directory, spool.max_bytes) for _ in range(4)]
    kept = 0
    for turn in range(40):
        try:
            writers[turn % 4].put(an_accepted_request())
        except SpoolFull:
            continue
        kept += 1
    assert kept == 10
    assert spool.usage().files == 10


def test_files_set_aside_count_for_the_bound(spool: Spool) -> None:
    for _ in range(10):
        spool.put(an_accepted_request())
    damaged, failed, *_ = spool.files()
    spool.keep_damaged(damaged)
    spool.keep_failed(failed, [an_accepted_request()])
    spool.remove([damaged, failed])
    usage = spool.usage()
    assert (usage.files, usage.damaged_files, usage.failed_files) == (8, 1, 1)
    assert usage.bytes == 10 * BLOCK
    with pytest.raises(SpoolFull):
        spool.put(an_accepted_request())


def test_a_request_that_does_not_fit_lets_smaller_ones_pass(spool: Spool) -> None:
    with pytest.raises(SpoolFull):
        spool.put(an_accepted_request(1000))
    spool.put(an_accepted_request())
    assert spool.usage().files == 1


def test_requests_that_come_together_share_a_file(spool: Spool) -> None:
    requests = [an_accepted_request() for _ in range(20)]
    assert put_together(spool, requests) == [None] * 20
    assert everything_in(spool) == requests
    assert spool.usage().files == 1
    assert spool.usage().records_by_receiver == {"calls": 20}


def test_several_requests_can_be_put_at_once(spool: Spool) -> None:
    requests = [an_accepted_request(), a_mixed_request(), an_accepted_request(2000)]
    kept, also_kept, refused = spool.put_all(requests)
    assert kept is also_kept is None
    assert isinstance(refused, SpoolFull)
    assert everything_in(spool) == requests[:2]
    assert spool.put_all([]) == []


def test_requests_that_do_not_fit_together_are_tried_alone(spool: Spool) -> None:
    requests = [an_accepted_request(10) for _ in range(40)]
    answers = put_together(spool, requests)
    kept = [r for r, answer in zip(requests, answers, strict=True) if answer is None]
    assert 0 < len(kept) < 40
    assert all(answer is None or isinstance(answer, SpoolFull) for answer in answers)
    assert everything_in(spool) == kept
    assert spool.usage().bytes <= spool.max_bytes


def test_those_that_wait_with_a_broken_off_writer_are_not_told_that_they_are_safe(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda _descriptor: sys.exit())
    answers = put_together(spool, [an_accepted_request() for _ in range(5)])
    kinds = {type(answer) for answer in answers}
    assert kinds == {SystemExit, SpoolUnusable}
    assert spool.usage().files == 0


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_a_disk_that_fails_keeps_nothing_and_says_so(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, fault: int
) -> None:
    spool.put(an_accepted_request())

    def fail(_descriptor: int) -> None:
        raise OSError(fault, os.strerror(fault))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fail)
        with pytest.raises(SpoolUnusable, match=os.strerror(fault)) as failed:
            spool.put(an_accepted_request())
    assert not failed.value.permanent
    assert spool.usage().files == 1
    assert list(spool.directory.glob(f"*{PART_SUFFIX}")) == []
    spool.put(an_accepted_request())
    assert spool.usage().files == 2


def test_a_path_that_is_no_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("")
    with pytest.raises(SpoolUnusable, match="TOLLBOOK_SPOOL_DIRECTORY"):
        Spool(tmp_path / "spool", 2**20).put(an_accepted_request())


def test_a_deleted_directory_is_made_again(spool: Spool) -> None:
    spool.put(an_accepted_request())
    for path in spool.directory.iterdir():
        path.unlink()
    spool.directory.rmdir()
    spool.put(an_accepted_request())
    assert spool.usage().files == 1


def test_half_written_files_are_deleted_once_they_are_old(spool: Spool) -> None:
    spool.put(an_accepted_request())
    name = str(spool.files()[0])
    fresh = spool.directory / f"0{name[1:]}{PART_SUFFIX}"
    old = spool.directory / f"1{name[1:]}{PART_SUFFIX}"
    fresh.touch()
    old.touch()
    os.utime(old, (time.time() - 3600, time.time() - 3600))
    spool.sweep()
    assert (fresh.exists(), old.exists()) == (True, False)
    assert spool.usage().files == 1


def test_other_peoples_files_are_left_alone(spool: Spool) -> None:
    spool.put(an_accepted_request())
    (spool.directory / "notes.txt").write_text("x" * 10 * BLOCK)
    spool.put(an_accepted_request())
    assert spool.usage().files == 2
    assert (spool.directory / "notes.txt").exists()
