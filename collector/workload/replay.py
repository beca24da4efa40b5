"""Replaying a trace through the collector's front door."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from collector.workload.progress import calls_progress
from collector.workload.sender import Sender, SendResult

AZURE_COLUMNS = ("TIMESTAMP", "ContextTokens", "GeneratedTokens")

_BATCH = 1000
_PACE_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class ReplayOptions:
    """How a trace's rows become calls and how fast they are sent."""

    tenant: str = "replay"
    provider: str = "azure.ai.openai"
    model: str = "gpt-4o-mini"
    feature: str = ""
    speed: float = 0.0
    """1: at the trace's own pace; 0: as fast as it goes."""


class _Line(msgspec.Struct, frozen=True):
    """One line of the file: a record to send, or why it cannot be."""

    number: int
    started_at: datetime | None
    record: bytes
    fault: str = ""


def replay_file(path: Path, url: str, options: ReplayOptions) -> SendResult:
    """Send every line of a trace and return what became of them.

    Raises CollectorUnreachable. Lines that cannot be read are counted as refused, the rest is sent.
    """
    digest = blake2b(path.read_bytes(), digest_size=12).hexdigest()
    sender, result = Sender(url), SendResult()
    with path.open("rb") as file:
        total = sum(1 for line in file if line.strip())
    with calls_progress(Console(stderr=True)) as progress:
        task = progress.add_task(f"Replaying {path.name}", total=total)
        for batch in _paced(_batches(_lines(path, digest, options)), options.speed):
            for line in batch:
                if line.fault:
                    result.add(SendResult(rejected=1, first_reason=line.fault))
            result.add(_send(sender, [line for line in batch if not line.fault]))
            progress.advance(task, len(batch))
        progress.update(task, total=progress.tasks[task].completed)
    return result


def _send(sender: Sender, lines: list[_Line]) -> SendResult:
    """Send good lines; a refusal of the collector names the line it is about."""
    if not lines:
        return SendResult()
    sent = sender.send([line.record for line in lines])
    if sent.rejected:
        sent.first_reason = f"line {lines[sent.first_index].number}: {sent.first_reason}"
    return sent


def _lines(path: Path, digest: str, options: ReplayOptions) -> Iterator[_Line]:
    # Bytes that are no UTF-8 come through as surrogates and spoil only their own line.
    with path.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
        if file.readline().strip().split(",")[:3] == list(AZURE_COLUMNS):
            file.seek(0)
            yield from _azure_lines(csv.DictReader(file), digest, options)
            return
        file.seek(0)
        for number, text in enumerate(file, start=1):
            if text.strip():
                yield _json_line(text, f"{digest}-{number}", number)


def _azure_lines(rows: csv.DictReader[str], digest: str, options: ReplayOptions) -> Iterator[_Line]:
    for row in rows:
        number = rows.line_num
        try:
            started_at = _azure_time(row["TIMESTAMP"])
            usage = {
                "input_tokens": int(row["ContextTokens"]),
                "output_tokens": int(row["GeneratedTokens"]),
            }
        except (TypeError, ValueError) as error:
            yield _Line(number, None, b"", f"line {number}: {error}")
            continue
        record: dict[str, Any] = {
            "tenant": options.tenant,
            "id": f"{digest}-{number}",
            "started_at": started_at,
            "provider": options.provider,
            "model": options.model,
            "usage": usage,
        }
        if options.feature:
            record["feature"] = options.feature
        yield _Line(number, started_at, msgspec.json.encode(record))


def _azure_time(text: str) -> datetime:
    """A timestamp with seven decimals and no zone, which the traces mean as UTC."""
    return datetime.fromisoformat(text[:26]).replace(tzinfo=UTC)


def _json_line(text: str, identity: str, number: int) -> _Line:
    try:
        record = msgspec.json.decode(text)
        if not isinstance(record, dict):
            return _Line(number, None, b"", f"line {number}: expected a JSON object")
        record.setdefault("id", identity)
        started_at = msgspec.convert(record.get("started_at"), datetime)
        return _Line(number, started_at, msgspec.json.encode(record))
    except (msgspec.MsgspecError, UnicodeError) as error:
        return _Line(number, None, b"", f"line {number}: {error}")


def _batches(lines: Iterator[_Line]) -> Iterator[list[_Line]]:
    for _, numbered in groupby(enumerate(lines), key=lambda pair: pair[0] // _BATCH):
        yield [line for _, line in numbered]


def _paced(batches: Iterator[list[_Line]], speed: float) -> Iterator[list[_Line]]:
    """Hold lines back until their time has come; with speed 0 let everything through."""
    if not speed:
        yield from batches
        return
    begun_at, first = time.monotonic(), None
    due: list[_Line] = []
    for line in (line for batch in batches for line in batch):
        if line.started_at is not None:
            first = first or line.started_at
            offset = (line.started_at - first).total_seconds() / speed
            wait = begun_at + offset - time.monotonic()
            if due and (wait > _PACE_SECONDS or len(due) >= _BATCH):
                yield due
                due = []
            if wait > 0:
                time.sleep(wait)
        due.append(line)
    if due:
        yield due
