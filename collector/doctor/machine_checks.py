"""Whether this machine's part of Tollbook is well: spool, disk, collector."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path

import urllib3

from collector.counted import counted
from collector.doctor.findings import Finding, ok, wrong
from collector.spool.spool import DAMAGED, FAILED, Spool, SpoolUsage
from ledger.domain.errors import SpoolUnusable

_LONGEST_WAIT = timedelta(minutes=1)
_FULLEST = 0.9
_LEAST_FREE_BYTES = 2**30
_TIMEOUT_SECONDS = 5.0


def spool_findings(spool: Spool, *, is_ledger_there: bool) -> Iterator[Finding]:
    """What waits in the spool, and what was set aside."""
    try:
        usage = spool.usage()
    except SpoolUnusable as error:
        yield wrong("spool", str(error), "let the collector's user own the directory")
        return
    yield _waiting(spool, usage, is_ledger_there=is_ledger_there)
    for folder, files, advice in (
        (
            DAMAGED,
            usage.damaged_files,
            "what could be read was booked; the log names the rest; check the disk, then delete"
            " the files",
        ),
        (
            FAILED,
            usage.failed_files,
            "the log says why they could not be booked; after a fix move the files back to"
            f" {spool.directory}",
        ),
    ):
        name = f"spool: {folder}"
        if files:
            yield wrong(name, f"{counted(files, 'file')} in {spool.directory / folder}", advice)
        else:
            yield ok(name, "no files")


def _waiting(spool: Spool, usage: SpoolUsage, *, is_ledger_there: bool) -> Finding:
    records = sum(usage.records_by_receiver.values())
    text = (
        f"waiting: {counted(records, 'record')} in {counted(usage.files, 'file')};"
        f" {_size(usage.bytes)} of {_size(spool.max_bytes)}"
    )
    if usage.bytes > _FULLEST * spool.max_bytes > 0:
        return wrong(
            "spool",
            f"nearly full: {text}",
            "bring Postgres back or raise TOLLBOOK_SPOOL_MAX_BYTES; once it is full, senders get"
            " 503",
        )
    oldest = usage.oldest_arrived_at
    if is_ledger_there and oldest and datetime.now(UTC) - oldest > _LONGEST_WAIT:
        return wrong(
            "spool",
            f"{text}; the oldest since {oldest:%Y-%m-%d %H:%M:%S} UTC, though Postgres answers",
            "see that a collector runs on this machine and what its log says",
        )
    return ok("spool", text)


def disk_finding(home: Path) -> Finding:
    """Free space where the home is, or will be."""
    there = next(path for path in (home, *home.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    text = f"{_size(free)} free at {home}"
    if free < _LEAST_FREE_BYTES:
        return wrong("disk", text, "make room: Postgres stops when its disk is full")
    return ok("disk", text)


def collector_findings(bind: str) -> Iterator[Finding]:
    """Whether the collector answers, and can do its work."""
    for check, path, advice in (
        ("collector alive", "healthz", "start `tollbook up` or `tollbook collect`"),
        ("collector ready", "readyz", "see the lines above and the collector's log"),
    ):
        url = f"http://{bind}/{path}"
        try:
            response = urllib3.request("GET", url, timeout=_TIMEOUT_SECONDS, retries=False)
        except urllib3.exceptions.HTTPError as error:
            yield wrong(check, f"{url} does not answer ({type(error).__name__})", advice)
            continue
        if response.status == HTTPStatus.OK:
            yield ok(check, url)
        else:
            said = response.data[:300].decode(errors="replace").strip()
            yield wrong(check, f"{url} answers {response.status}: {said}", advice)


def _size(count: int) -> str:
    if count < 2**30:
        return f"{count / 2**20:.1f} MiB"
    return f"{count / 2**30:,.1f} GiB"
