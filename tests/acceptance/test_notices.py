"""64 concurrent calls over HTTP cross 80 % and 100 %: a person hears of each exactly once."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
import urllib3

from tests.factories.calls import a_record
from tests.servers.exposition import total
from tests.servers.notice_targets import Webhook, a_webhook, wait_until
from tests.servers.processes import running


@pytest.fixture
def hook() -> Iterator[Webhook]:
    """A webhook that takes notices."""
    with a_webhook() as hook:
        yield hook


def _ask(url: str, document: Any) -> Any:
    response = urllib3.request("POST", url, json=document, timeout=30.0, retries=False)
    assert response.status in (200, 201), response.data
    return json.loads(response.data)


def _metrics(url: str) -> str:
    return urllib3.request("GET", f"{url}/metrics", timeout=30.0).data.decode()


def test_each_threshold_is_told_once_whatever_crosses_it(
    collector_url: str, database_url: str, hook: Webhook
) -> None:
    hook.status = 503
    _ask(f"{collector_url}/v1/notice-channels", {"name": "team", "url": hook.url(), "tenant": "*"})
    budget = _ask(f"{collector_url}/v1/budgets", {
        "name": "Chat", "scope": {"tenant": "acme"}, "amount_tokens": 100, "period": "month",
        "action": "block", "thresholds": [0.8, 1.0],
    })  # fmt: skip
    now = datetime.now(UTC).isoformat()
    records = [
        a_record(id=str(uuid4()), started_at=now, usage={"input_tokens": 2}) for _ in range(64)
    ]
    # Two processes watch and send; the target is down at first.
    with (
        running("work", database_url=database_url),
        running("work", database_url=database_url),
        ThreadPoolExecutor(64) as threads,
    ):
        list(threads.map(lambda one: _ask(f"{collector_url}/v1/calls", [one]), records))
        wait_until(lambda: hook.asked >= 1)
        hook.status = 200
        wait_until(lambda: "100 %" in " ".join(hook.titles), seconds=60)
        wait_until(lambda: "80 %" in " ".join(hook.titles), seconds=60)
        time.sleep(6)  # one round more: nothing is told again
    reached = [share for title in hook.titles for share in title.partition(": ")[2].split(", ")]
    assert sorted(one.removesuffix(" reached") for one in reached) == ["100 %", "80 %"]
    path = f"{collector_url}/v1/budgets/{budget['id']}/notices"
    told = json.loads(urllib3.request("GET", path, timeout=30.0).data)["notices"]
    assert sorted(one["threshold"] for one in told) == [0.8, 1.0]
    assert all(each["delivered_at"] for one in told for each in one["deliveries"])
    text = _metrics(collector_url)
    assert total(text, "tollbook_notices_total", result="delivered") == 2
    assert total(text, "tollbook_notices_waiting") == 0
