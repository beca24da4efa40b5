from __future__ import annotations

import time
from decimal import Decimal
from pathlib import Path

import pytest

from collector.spool.spool import Spool, SpoolUsage
from exporters.prometheus.waiting import waiting_lines
from tests.factories.requests import an_accepted_request
from tests.servers.exposition import samples


def shown(usage: SpoolUsage, receivers: set[str]) -> dict[tuple[str, ...], Decimal]:
    text = "\n".join(waiting_lines(usage, receivers))
    return {(sample.name, *sample.labels.values()): sample.value for sample in samples(text)}


def test_an_empty_spool_is_shown_as_nothing_waiting() -> None:
    assert set(shown(SpoolUsage(), {"calls"}).values()) == {0}


def test_what_waits_is_shown_by_receiver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path, 2**20)
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now - 90 * 10**9)
    spool.put(an_accepted_request(3))
    spool.put(an_accepted_request(2, receiver="traces"))
    figures = shown(spool.usage(), {"logs"})
    assert 90 <= figures.pop(("tollbook_spool_oldest_seconds",)) < 100
    assert figures == {
        ("tollbook_spool_bytes",): 8192,
        ("tollbook_spool_files",): 2,
        ("tollbook_spool_set_aside_files", "damaged"): 0,
        ("tollbook_spool_set_aside_files", "failed"): 0,
        ("tollbook_ingest_waiting_records", "calls"): 3,
        ("tollbook_ingest_waiting_records", "logs"): 0,
        ("tollbook_ingest_waiting_records", "traces"): 2,
    }
