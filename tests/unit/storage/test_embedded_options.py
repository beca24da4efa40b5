"""The embedded Postgres takes a share of the memory there is, within bounds."""

from __future__ import annotations

import pytest

from ledger.storage.embedded.options import buffers_mib

GIB = 2**30


@pytest.mark.parametrize(
    ("memory_gib", "expected_mib"), [(0.25, 128), (1, 128), (4, 512), (8, 1024), (256, 1024)]
)
def test_buffers_are_an_eighth_of_the_memory(memory_gib: float, expected_mib: int) -> None:
    assert buffers_mib(int(memory_gib * GIB)) == expected_mib
