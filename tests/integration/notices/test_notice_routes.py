"""/v1/notice-channels and /v1/budgets/{id}/notices: what is set, tried and told; nothing secret."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from alerts.notices.delivering import Deliverer
from collector.app import Collector
from ledger.access.principals import Principal
from ledger.commands.notices.channels import MOST_CHANNELS_A_TENANT, set_channel
from ledger.domain.errors import InvalidRecord
from ledger.queries.notices.channels import all_channels
from ledger.queries.reader import Reader
from ledger.settings import Settings
from ledger.storage.database import Database
from tests.integration.notices.notice_book import a_channel, look, spend
from tests.servers.in_process import InProcessClient
from tests.servers.notice_targets import Webhook
from tests.servers.processes import free_port

SECRET = "xoxb-sEcReT-9876"
_BUDGET: dict[str, Any] = {
    "name": "Chat",
    "scope": {"tenant": "acme"},
    "amount_tokens": 100,
    "period": "month",
    "action": "notify",
}


def post(client: InProcessClient, **fields: Any) -> Any:
    return client.post("/v1/notice-channels", json={"name": "team", "tenant": "acme", **fields})


def test_a_channel_is_set_listed_and_removed(client: InProcessClient, hook: Webhook) -> None:
    answer = post(client, url=hook.url(SECRET))
    assert answer.status_code == 201
    made = answer.get_json()
    assert made["url"] == "json://127.0.0.1/..."
    assert answer.headers["Location"] == f"/v1/notice-channels/{made['id']}"
    listed = client.get("/v1/notice-channels?tenant=acme").get_json()
    assert listed["channels"] == [made]
    assert client.get("/v1/notice-channels?tenant=globex").get_json()["channels"] == []
    assert client.delete(f"/v1/notice-channels/{made['id']}").status_code == 204
    assert client.delete(f"/v1/notice-channels/{made['id']}").status_code == 404
    assert client.get("/v1/notice-channels").get_json()["channels"] == []


def test_secrets_are_in_no_answer(
    client: InProcessClient, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    down = f"127.0.0.1:{free_port()}"
    urls = [
        f"json://user:{SECRET}@{down}/{SECRET}?%2BAuthorization={SECRET}",
        f"mailto://{SECRET}:{SECRET}@{down}?from=a@example.com&to=b@example.com&mode=insecure",
        f"json://{down}/{SECRET} with a space",
        f"nonsense://{SECRET}",
        f"json://[{SECRET}",
    ]
    answers = [post(client, name=f"n{place}", url=url) for place, url in enumerate(urls)]
    assert [one.status_code for one in answers] == [201, 201, 400, 400, 400]
    for answer in answers[:2]:
        tried = client.post(f"/v1/notice-channels/{answer.get_json()['id']}/test")
        assert tried.status_code == 502
        answers.append(tried)
    answers.append(post(client, name="n0", url=urls[0]))
    assert answers[-1].status_code == 409
    answers.append(client.get("/v1/notice-channels"))
    for answer in answers:
        assert SECRET not in answer.text
    assert SECRET not in caplog.text
    with database.transaction("tollbook_ingest") as connection:
        assert SECRET not in repr(all_channels(connection))


@pytest.mark.parametrize(
    ("fields", "path", "reason"),
    [
        ({"url": "https://example.com/hook"}, "url", "is no address"),
        ({"url": ""}, "url", "is no address"),
        ({"url": "json://host/\u0000"}, "url", "control character"),
        ({"url": "json://" + "a" * 5000}, "url", "longer than"),
        ({"url": "syslog://"}, "url", "reaches only the machine"),
        ({"url": "dbus://"}, "url", "reaches only the machine"),
        ({"url": "slack://a/b/c?template=/etc/passwd"}, "url", "names a file"),
        ({"url": "json://host/", "name": " "}, "name", "is empty"),
        ({"url": "json://host/", "tenant": ""}, "tenant", "is empty"),
        ({"url": 5}, "url", "Expected `str`"),
        ({"url": "json://host/", "colour": "red"}, "body", "unknown field"),
    ],
)
def test_what_is_wrong_with_a_channel_is_named(
    client: InProcessClient, fields: dict[str, Any], path: str, reason: str
) -> None:
    answer = post(client, **fields)
    assert answer.status_code == 400
    assert answer.get_json()["path"] == path
    assert reason in answer.get_json()["detail"]


def test_a_test_arrives(client: InProcessClient, hook: Webhook) -> None:
    made = post(client, url=hook.url()).get_json()
    assert client.post(f"/v1/notice-channels/{made['id']}/test").get_json() == {"delivered": True}
    assert hook.titles == ["Tollbook: a test"]
    hook.status = 403
    tried = client.post(f"/v1/notice-channels/{made['id']}/test")
    assert tried.status_code == 502
    assert "did not take it" in tried.get_json()["detail"]
    assert client.post(f"/v1/notice-channels/{uuid4()}/test").status_code == 404


def test_channels_of_the_settings_are_listed_and_tried(
    database: Database, hook: Webhook, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path, notice_urls=f"{hook.url(SECRET)}\n{hook.url('other')}")
    assert SECRET not in repr(settings)
    client = InProcessClient(Collector(database, settings).front)
    answer = client.get("/v1/notice-channels")
    assert SECRET not in answer.text
    first, _ = answer.get_json()["of_settings"]
    assert first["name"] == "TOLLBOOK_NOTICE_URLS 1"
    assert client.post(f"/v1/notice-channels/{first['id']}/test").status_code == 200
    assert len(hook.taken) == 1


def test_channels_come_a_page_at_a_time(client: InProcessClient, hook: Webhook) -> None:
    for name in ("a", "b", "c"):
        post(client, name=name, url=hook.url())
    first = client.get("/v1/notice-channels?limit=2").get_json()
    rest = client.get(f"/v1/notice-channels?limit=2&cursor={first['next']}").get_json()
    assert [one["name"] for one in first["channels"] + rest["channels"]] == ["a", "b", "c"]
    assert rest["next"] is None


def test_a_tenant_has_a_bounded_number_of_channels(database: Database, reader: Reader) -> None:
    for number in range(MOST_CHANNELS_A_TENANT):
        a_channel(database, "json://127.0.0.1/", name=f"n{number}")
    with pytest.raises(InvalidRecord, match="channels already"):
        a_channel(database, "json://127.0.0.1/", name="one more")


def test_a_tenant_sets_and_sees_its_own_channels_only(database: Database) -> None:
    own = Reader(database, Principal("a tenant's", ("acme",)))
    set_channel(own, tenant="acme", name="own", url="json://h/", shown_url="json://h/...")
    for tenant in ("*", "globex"):
        with pytest.raises(InvalidRecord, match="is not yours"):
            set_channel(own, tenant=tenant, name="x", url="json://h/", shown_url="json://h/...")
        a_channel(database, "json://127.0.0.1/", tenant=tenant)
    with own.connection() as connection:
        assert [one.name for one in all_channels(connection)] == ["own"]


def test_grafanas_role_sees_no_address(database: Database) -> None:
    a_channel(database, "json://127.0.0.1/")
    with database.transaction("tollbook_reader", "*") as connection:
        assert connection.execute(text("SELECT shown_url FROM notice_channels")).all()
        with pytest.raises(Exception, match="permission denied"):
            connection.execute(text("SELECT url FROM notice_channels"))


def test_a_budget_names_channels_of_its_tenant_or_the_operator(
    client: InProcessClient, hook: Webhook
) -> None:
    made = {
        tenant: post(client, tenant=tenant, url=hook.url()).get_json()["id"]
        for tenant in ("acme", "*", "globex")
    }
    answer = client.post("/v1/budgets", json={**_BUDGET, "channels": [made["acme"], made["*"]]})
    assert answer.status_code == 201
    budget = answer.get_json()
    assert budget["channels"] == [made["acme"], made["*"]]
    path = f"/v1/budgets/{budget['id']}"
    refused = client.open(path, method="PATCH", json={"channels": [made["globex"]]})
    assert refused.status_code == 400
    assert refused.get_json()["path"] == "channels[0]"
    changed = client.open(path, method="PATCH", json={"channels": []})
    assert changed.get_json()["channels"] == []


@pytest.fixture
def told(
    client: InProcessClient, database: Database, deliverer: Deliverer, hook: Webhook
) -> dict[str, Any]:
    """A budget of which two thresholds were told, and one that its channel did not take."""
    post(client, url=hook.url())
    body = {**_BUDGET, "scope": {"tenant": "acme", "user": "*"}}
    budget = client.post("/v1/budgets", json=body).get_json()
    now = datetime.now(UTC)
    for tokens, hook.status in ((85, 200), (20, 500)):
        spend(database, tokens, now, user="ann")
        look(database, datetime.now(UTC))
        deliverer.deliver()
    return dict(budget)


def test_what_was_told_is_listed_with_what_became_of_it(
    client: InProcessClient, told: dict[str, Any]
) -> None:
    found = client.get(f"/v1/budgets/{told['id']}/notices").get_json()["notices"]
    assert [one["threshold"] for one in found] == [1.0, 0.8, 0.5]
    latest, first = found[0], found[2]
    assert latest["value"] == {"user": "ann"}
    assert (latest["used_tokens"], latest["limit_tokens"]) == (105, 100)
    [failed] = latest["deliveries"]
    assert (failed["delivered_at"], failed["channel"]) == (None, "team")
    assert "500" in failed["last_error"]
    assert failed["next_attempt_at"]
    channel = client.get("/v1/notice-channels").get_json()["channels"][0]
    [delivered] = first["deliveries"]
    assert delivered["channel_id"] == channel["id"]
    assert (bool(delivered["delivered_at"]), delivered["next_attempt_at"]) == (True, None)
    assert channel["waiting"] == 1
    assert "500" in channel["last_error"]


def test_notices_come_a_page_at_a_time(client: InProcessClient, told: dict[str, Any]) -> None:
    path = f"/v1/budgets/{told['id']}/notices"
    page = client.get(f"{path}?limit=2").get_json()
    rest = client.get(f"{path}?limit=2&cursor={page['next']}").get_json()
    assert page["notices"] + rest["notices"] == client.get(path).get_json()["notices"]
    assert client.get(f"/v1/budgets/{uuid4()}/notices").status_code == 404
    assert client.get(f"{path}?limit=0").status_code == 400
