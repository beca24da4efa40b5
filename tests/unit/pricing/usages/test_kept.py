from __future__ import annotations

import math
from typing import Any

import pytest

from ledger.pricing.usages.kept import kept
from tests.unit.pricing.usages.goldens import GOLDENS


@pytest.mark.parametrize("golden", GOLDENS.values(), ids=GOLDENS)
def test_a_providers_usage_is_kept_as_it_came(golden: dict[str, Any]) -> None:
    assert kept(golden["usage"]) == golden["usage"]


def test_what_is_no_count_is_bounded() -> None:
    deep: dict[str, Any] = {"n": 1}
    for _ in range(50):
        deep = {"in": deep}
    raw = {
        "text": "x" * 1000,
        "nul": "a\x00b",
        "list": list(range(1000)),
        "huge": 2**70,
        "nan": math.nan,
        "flag": True,
        "deep": deep,
        **{f"n{n}": n for n in range(1000)},
    }
    result = kept(raw)
    assert len(result) == 64
    assert (len(result["text"]), len(result["list"])) == (64, 64)
    assert result["nul"] == "a\N{REPLACEMENT CHARACTER}b"
    assert (result["huge"], result["nan"]) == (None, None)
    assert result["flag"] is True
    assert str(result["deep"]).count("in") < 10
