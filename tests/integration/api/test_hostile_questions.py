"""Questions that once ended in an error of our own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories.calls import a_record
from tests.servers.in_process import InProcessClient


@pytest.mark.parametrize(
    ("url", "parameter"),
    [
        ("/v1/spend?tenant=%00", "tenant"),
        ("/v1/calls?tenant=a%00b", "tenant"),
        ("/v1/spend?from=0001-01-01&tz=Asia/Tokyo", "from"),
        ("/v1/spend?to=9999-12-31T23:59:59-12:00", "to"),
        ("/v1/spend?interval=day&tz=posixrules", "tz"),
        ("/v1/spend?interval=day&tz=localtime", "tz"),
        ("/v1/spend?interval=day&tz=right/UTC", "tz"),
        ("/v1/spend?interval=day&tz=posix/Asia/Tokyo", "tz"),
        ("/v1/spend?interval=day&tz=../../etc/passwd", "tz"),
    ],
)
def test_they_are_answered_400_by_the_name_of_the_parameter(
    client: InProcessClient, url: str, parameter: str
) -> None:
    answer = client.get(url)
    assert (answer.status_code, answer.get_json()["parameter"]) == (400, parameter)


def test_a_mixture_of_inclusive_and_disjoint_counts_is_refused(client: InProcessClient) -> None:
    usage = {"gen_ai.usage.input_tokens": 1000, "cache_read_tokens": 800}
    answer = client.post("/v1/calls", json=[a_record(), a_record(usage=usage)])
    (refused,) = answer.get_json()["rejected"]
    assert (answer.get_json()["booked"], refused["path"]) == (1, "usage")


def test_names_of_any_script_are_tenants_and_outer_spaces_are_none(client: InProcessClient) -> None:
    names = ["کتاب‌خانه", "👩‍👩‍👧 & co", " spaced "]
    client.post("/v1/calls", json=[a_record(tenant=name) for name in names])
    listed = {row["tenant"] for row in client.get("/v1/tenants").get_json()["tenants"]}
    assert listed == {name.strip() for name in names}


_NUL = "a\x00"


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("POST", "/v1/months/2026-10/close", {"tenant": _NUL}),
        ("POST", "/v1/repricings",
         {"tenant": _NUL, "from": "2026-11-01", "to": "2026-11-02", "reason": "x"}),
        ("POST", "/v1/budgets",
         {"name": "b", "scope": {"tenant": _NUL}, "amount_usd": "1", "period": "day",
          "action": "notify"}),
        ("GET", "/v1/calls/x%00/cost?tenant=acme", None),
        ("GET", "/v1/calls/x%00/outcome?tenant=acme", None),
        ("GET", f"/v1/repricings/{10**23}", None),
        ("POST", f"/v1/repricings/{10**23}/cancel", {}),
    ],
)  # fmt: skip
def test_values_that_no_column_can_hold_are_the_senders_fault(
    client: InProcessClient, method: str, url: str, body: dict[str, Any] | None
) -> None:
    answer = client.open(url, method=method, json=body)
    assert answer.status_code in (400, 404), answer.get_json()
    assert answer.content_type == "application/problem+json"
