"""What was refused is given back at once, not when the garbage collector comes by."""

from __future__ import annotations

import gc
import gzip
import tracemalloc
from collections.abc import Iterator

import pytest

from collector.app import Collector
from ledger.settings import Settings
from ledger.storage.database import Database
from tests.servers.in_process import InProcessClient

MIB = 1024 * 1024
GZIP = {"Content-Encoding": "gzip"}


@pytest.fixture
def without_collection() -> Iterator[None]:
    """No garbage collection meanwhile; what is allocated is traced."""
    gc.disable()
    tracemalloc.start()
    yield
    tracemalloc.stop()
    gc.enable()


@pytest.mark.parametrize("path", ["/v1/calls", "/v1/traces", "/v1/logs", "/v1/litellm"])
def test_bodies_that_were_refused_are_not_kept(
    path: str, database: Database, settings: Settings, without_collection: None
) -> None:
    client = InProcessClient(Collector(database, settings).front)
    # Packed, so that what is unpacked is not the same bytes that the test holds.
    body = gzip.compress(b'{"a": "' + b"x" * (4 * MIB))
    client.post(path, data=body, content_type="application/json", headers=GZIP)
    before, _ = tracemalloc.get_traced_memory()
    for _ in range(5):
        answer = client.post(path, data=body, content_type="application/json", headers=GZIP)
        assert answer.status_code == 400
    after, _ = tracemalloc.get_traced_memory()
    assert after - before < 2 * MIB
