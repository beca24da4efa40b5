from __future__ import annotations

from datetime import timedelta

import pytest

from collector.doctor.ledger_checks import clock_finding
from tests.factories.calls import START

AFTER = START + timedelta(seconds=20)


@pytest.mark.parametrize("seconds", [-4, 0, 10, 20, 24])
def test_a_slow_answer_is_no_difference_of_clocks(seconds: int) -> None:
    assert clock_finding(START + timedelta(seconds=seconds), START, AFTER).state == "ok"


@pytest.mark.parametrize(("seconds", "off"), [(-60, "60 s"), (80, "60 s"), (3620, "3600 s")])
def test_a_clock_that_is_off_is_named(seconds: int, off: str) -> None:
    finding = clock_finding(START + timedelta(seconds=seconds), START, AFTER)
    assert finding.state == "wrong"
    assert off in finding.found
    assert "NTP" in finding.advice
