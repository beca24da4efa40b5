"""The command `tollbook replay`: every call of a trace is booked once and counted everywhere."""

from __future__ import annotations

import json
import os
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest

from tests.factories.calls import a_record
from tests.servers.api import Api
from tests.servers.exposition import total
from tests.servers.processes import TOLLBOOK

_REPOSITORY = Path(__file__).parents[2]
_TRACES = Path(os.environ.get("TOLLBOOK_TEST_TRACES", _REPOSITORY / "../shared/data")).resolve()
_CODE = _TRACES / "azure_llm_trace_2023_code.csv"
_CONVERSATION = _TRACES / "azure_llm_trace_2023_conv.csv"

needs_traces = pytest.mark.skipif(
    not (_CODE.exists() and _CONVERSATION.exists()),
    reason=f"no Azure traces in {_TRACES}; set TOLLBOOK_TEST_TRACES to their folder",
)


class Figures(NamedTuple):
    """What one place says of all calls."""

    calls: int
    input_tokens: int
    output_tokens: int
    cost_usd: Decimal


BOTH_TRACES = Figures(
    28_185,
    40_421_844,
    4_334_561,
    (40_421_844 * Decimal("0.15") + 4_334_561 * Decimal("0.60")) / 1_000_000,
)
"""Counted in the files with awk; gpt-4o-mini at its list price per million tokens."""


def replay(file: Path, url: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run `tollbook replay`."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("TOLLBOOK_")
    }
    return subprocess.run(
        [str(TOLLBOOK), "replay", str(file), "--url", url, *options],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def figures_everywhere(database_url: str, api: Api) -> dict[str, Figures]:
    """The same figures asked of the calls, the rollups, the API and /metrics."""
    found: dict[str, Figures] = {}
    with psycopg.connect(database_url) as connection:
        for table, calls in (("calls", "count(*)"), ("rollups", "sum(calls)")):
            row = connection.execute(
                f"SELECT {calls}, sum(input_tokens), sum(output_tokens),"
                f" sum(cost_pico_usd) / 1e12 FROM {table}"
            ).fetchone()
            assert row is not None
            found[table] = Figures(*row)
    (spent,) = api.spend()
    found["GET /v1/spend"] = Figures(*(spent[name] for name in Figures._fields))
    exposition = api.metrics()
    found["/metrics"] = Figures(
        int(total(exposition, "tollbook_llm_calls_total")),
        int(total(exposition, "tollbook_llm_tokens_total", token_type="input")),
        int(total(exposition, "tollbook_llm_tokens_total", token_type="output")),
        total(exposition, "tollbook_llm_cost_usd_total"),
    )
    return found


@needs_traces
def test_both_azure_traces_are_booked_exactly_and_only_once(
    database_url: str, collector_url: str
) -> None:
    everywhere = dict.fromkeys(("calls", "rollups", "GET /v1/spend", "/metrics"), BOTH_TRACES)
    api = Api(collector_url)
    traces = {_CODE: ("coding", 8_819), _CONVERSATION: ("chat", 19_366)}
    for trace, (tenant, calls) in traces.items():
        first = replay(trace, collector_url, "--tenant", tenant)
        assert first.stdout == f"{calls} calls booked, 0 were there already, 0 refused.\n"
        assert first.returncode == 0
    assert figures_everywhere(database_url, api) == everywhere

    for trace, (tenant, calls) in traces.items():
        second = replay(trace, collector_url, "--tenant", tenant)
        assert second.stdout == f"0 calls booked, {calls} were there already, 0 refused.\n"
        assert second.returncode == 0
    assert figures_everywhere(database_url, api) == everywhere
    by_tenant = {row["tenant"]: row["calls"] for row in api.spend(group_by="tenant")}
    assert by_tenant == dict(traces.values())
    api.close()


_BROKEN = {
    "cut off": b'{"tenant": "acme", "started_at": "2026-11-02T09:30:00Z", "model": ',
    "no time": b'{"tenant": "acme", "started_at": "yesterday", "model": "gpt-4o-mini"}',
    "no model": b'{"tenant": "acme", "started_at": "2026-11-02T09:30:00Z"}',
    "no text": b'{"tenant": "acme", "model": "\xff\xfe"}',
    "no object": b"[1, 2, 3]",
}


@pytest.mark.parametrize("fault", _BROKEN)
def test_a_broken_line_is_named_and_the_good_ones_are_kept(
    shared_api: Api, tmp_path: Path, fault: str
) -> None:
    good = [json.dumps(a_record(tenant=fault, id=f"good-{n}")).encode() for n in range(4)]
    file = tmp_path / "calls.ndjson"
    file.write_bytes(b"\n".join([*good[:2], _BROKEN[fault], *good[2:]]) + b"\n")

    result = replay(file, shared_api.url)

    assert result.stdout == "4 calls booked, 0 were there already, 1 refused.\n", result.stderr
    assert result.returncode == 1
    assert sorted(call["id"] for call in shared_api.calls(fault)) == [f"good-{n}" for n in range(4)]
    assert "line 3" in result.stderr


def test_a_broken_row_of_a_trace_is_named_and_the_good_ones_are_kept(
    shared_api: Api, tmp_path: Path
) -> None:
    file = tmp_path / "trace.csv"
    file.write_text(
        "TIMESTAMP,ContextTokens,GeneratedTokens\r\n"
        "2026-11-02 09:30:00.1234567,4808,10\r\n"
        "2026-11-02 09:30:01.1234567,many,8\r\n"
        "2026-11-02 09:30:02.1234567,110,27"
    )

    result = replay(file, shared_api.url, "--tenant", "tracing")

    assert result.stdout == "2 calls booked, 0 were there already, 1 refused.\n", result.stderr
    assert result.returncode == 1
    assert "line 3" in result.stderr
    (spent,) = shared_api.spend(tenant="tracing")
    assert (spent["calls"], spent["input_tokens"], spent["output_tokens"]) == (2, 4918, 37)
