"""Whenever a writing process is killed: what it was told is kept is there, whole and in order."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from collector.receivers.accepted import Accepted
from collector.spool.names import PART_SUFFIX
from collector.spool.spool import Spool
from ledger.domain.errors import SpoolFull
from tests.factories.calls import a_call
from tests.factories.requests import an_accepted_request

_processes = multiprocessing.get_context("spawn")


def _request(writer: str, number: int) -> Accepted:
    size = 1 + number % 7 * 20
    calls = [a_call(tenant=writer, id=f"{number}/{place}") for place in range(size)]
    return an_accepted_request(calls=calls)


def _put_until_killed(
    directory: Path, max_bytes: int, writer: str, told: Connection, most: int
) -> None:
    spool = Spool(directory, max_bytes)
    for number in range(most):
        request = _request(writer, number)
        try:
            spool.put(request)
        except SpoolFull:
            continue
        told.send(number)
    told.close()


@contextmanager
def _writing(
    directory: Path, writer: str, *, max_bytes: int = 2**30, most: int = 100_000
) -> Iterator[tuple[multiprocessing.process.BaseProcess, Connection]]:
    hears, told = _processes.Pipe(duplex=False)
    process = _processes.Process(
        target=_put_until_killed, args=(directory, max_bytes, writer, told, most)
    )
    process.start()
    told.close()
    try:
        yield process, hears
    finally:
        process.kill()
        process.join()
        hears.close()


def _told(hears: Connection) -> list[int]:
    numbers = []
    try:
        while True:
            numbers.append(hears.recv())
    except EOFError:
        return numbers


def _kept(spool: Spool) -> dict[str, list[int]]:
    """Numbers of the requests in the spool by writer, all of them whole."""
    kept: dict[str, list[int]] = {}
    for name in spool.files():
        contents = spool.read(name)
        assert contents.fault is None
        for _, request in contents.entries:
            writer, number = request.calls[0].tenant, int(request.calls[0].id.partition("/")[0])
            assert request == _request(writer, number)
            kept.setdefault(writer, []).append(number)
    return kept


@pytest.mark.parametrize("seed", range(12))
def test_a_killed_writer_leaves_all_it_was_told_is_kept_and_nothing_half(
    tmp_path: Path, seed: int
) -> None:
    with _writing(tmp_path, "acme") as (process, hears):
        assert hears.recv() == 0
        time.sleep(random.Random(seed).uniform(0, 0.1))
        process.kill()
        told = [0, *_told(hears)]
    kept = _kept(Spool(tmp_path, 2**30))["acme"]
    # The last one may have been finished without anybody being told.
    assert kept in (told, [*told, len(told)])
    assert len(list(tmp_path.glob(f"*{PART_SUFFIX}"))) <= 1


def test_several_processes_write_at_once_and_lose_nothing(tmp_path: Path) -> None:
    writers = ["one", "two", "three"]
    told = {}
    with (
        _writing(tmp_path, "one", most=60) as one,
        _writing(tmp_path, "two", most=60) as two,
        _writing(tmp_path, "three", most=60) as three,
    ):
        for writer, (_, hears) in zip(writers, (one, two, three), strict=True):
            told[writer] = _told(hears)
    assert told == {writer: list(range(60)) for writer in writers}
    assert _kept(Spool(tmp_path, 2**30)) == told


def test_the_bound_holds_though_writers_are_killed_and_others_write_at_once(
    tmp_path: Path,
) -> None:
    bound = 100 * 4096
    for seed in range(4):
        with (
            _writing(tmp_path, f"a{seed}", max_bytes=bound) as (killed, first),
            _writing(tmp_path, f"b{seed}", max_bytes=bound, most=300) as (_, second),
        ):
            first.poll(2.0)
            time.sleep(random.Random(seed).uniform(0, 0.05))
            killed.kill()
            _told(second)
        spool = Spool(tmp_path, bound)
        _kept(spool)
        assert spool.usage().bytes <= bound
    assert spool.usage().bytes > bound * 0.8
