from __future__ import annotations

import pytest

from collector.tail.logfiles.rotations import has_compressed_name, name_before_rotation


@pytest.mark.parametrize(
    "name",
    [
        "app.log",
        "app.log.1",
        "app.log.12",
        "app.log-20261124",
        "app.log.2026-11-24",
        "app.log.2026-11-24_10-30",
        "app.log.2026-11-24_10-30-59",
        "app.log.2026-11-24T10:30:59",
        "app.log-2026112410",
        "app.log-20261124.1",
        "app.log.old",
        "app.log~",
        "app-20261124.log",
        "app.2026-11-24.log",
        "app.1.log",
    ],
)
def test_a_rotated_name_is_known_by_what_rotation_adds(name: str) -> None:
    assert name_before_rotation(name) == "app.log"


@pytest.mark.parametrize(
    "name",
    ["worker-1.log", "worker2.log", "app", "app.log", "1", "20261124", "-20261124", "a.json"],
)
def test_a_number_that_tells_logs_apart_is_part_of_the_name(name: str) -> None:
    assert name_before_rotation(name) == name


def test_compressed_logs_are_known_by_their_ending() -> None:
    assert has_compressed_name("app.log.1.gz")
    assert not has_compressed_name("app.log.1")
