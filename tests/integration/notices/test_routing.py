"""To whom a notice goes: to whoever stands nearest to its budget."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from alerts.notices.addresses import channels_of_setting
from alerts.notices.delivering import Deliverer
from ledger.commands.budgets.setting import change_budget
from ledger.commands.notices.channels import end_channel
from ledger.queries.notices.condition import notice_condition, notice_counts
from ledger.queries.reader import Reader
from ledger.storage.database import Database, Role
from tests.integration.notices.notice_book import NOON, a_channel, crossed, deliveries
from tests.servers.notice_targets import Webhook

SECOND = timedelta(seconds=1)


class TestWhereNoticesGo:
    """To the budget's own channels, or its tenant's, or the operator's, or the setting's."""

    @pytest.fixture
    def setting(self, hook: Webhook) -> str:
        return hook.url("of-the-setting")

    def _told(self, database: Database, setting: str) -> set[str]:
        deliverer = Deliverer(database, setting=channels_of_setting(setting))
        deliverer.deliver(NOON)
        deliverer.close()
        return {one.channel for one in deliveries(database)}

    def test_the_settings_addresses_come_last(self, database: Database, setting: str) -> None:
        crossed(database)
        assert self._told(database, f"{setting} {setting}") == {
            "TOLLBOOK_NOTICE_URLS 1",
            "TOLLBOOK_NOTICE_URLS 2",
        }

    def test_the_operators_come_before_the_setting(
        self, database: Database, hook: Webhook, setting: str
    ) -> None:
        a_channel(database, hook.url(), tenant="*", name="operator")
        a_channel(database, hook.url(), tenant="globex", name="foreign")
        crossed(database)
        assert self._told(database, setting) == {"operator"}

    def test_the_tenants_come_before_the_operators(
        self, database: Database, hook: Webhook, setting: str
    ) -> None:
        for tenant, name in (("*", "operator"), ("acme", "one"), ("acme", "two")):
            a_channel(database, hook.url(), tenant=tenant, name=name)
        crossed(database)
        assert self._told(database, setting) == {"one", "two"}

    def test_the_budgets_own_come_first(
        self, database: Database, hook: Webhook, setting: str
    ) -> None:
        a_channel(database, hook.url(), name="tenant")
        own = a_channel(database, hook.url(), tenant="*", name="own")
        crossed(database, channels=(own.channel_id,))
        assert self._told(database, setting) == {"own"}

    def test_a_budgets_channel_that_ended_leaves_it_to_the_tenants(
        self, database: Database, reader: Reader, hook: Webhook, setting: str
    ) -> None:
        a_channel(database, hook.url(), name="tenant")
        own = a_channel(database, hook.url(), name="own")
        budget_id = crossed(database)
        change_budget(reader, budget_id, {"channels": (own.channel_id,)})
        end_channel(reader, own.channel_id)
        assert self._told(database, setting) == {"tenant"}


def test_without_a_channel_it_waits_for_one(
    database: Database, reader: Reader, deliverer: Deliverer, hook: Webhook
) -> None:
    crossed(database)
    deliverer.deliver(NOON)
    assert notice_counts(reader).waiting == 2
    assert notice_condition(reader, NOON + 300 * SECOND).without_channel == 2
    a_channel(database, hook.url())
    deliverer.deliver(NOON + 600 * SECOND)
    assert len(hook.taken) == 1
    assert notice_counts(reader).waiting == 0


def test_without_a_channel_it_is_let_go_after_its_period(
    database: Database, reader: Reader, deliverer: Deliverer
) -> None:
    crossed(database)
    deliverer.deliver(NOON + timedelta(hours=14))
    assert notice_counts(reader).waiting == 0


@pytest.mark.parametrize("table", ["budget_notices", "notice_deliveries", "notice_channels"])
def test_a_tenant_sees_its_own_only(database: Database, hook: Webhook, table: str) -> None:
    a_channel(database, hook.url())
    crossed(database)
    deliverer = Deliverer(database)
    deliverer.deliver(NOON)
    deliverer.close()
    roles: tuple[Role, ...] = ("tollbook_app", "tollbook_reader")
    for role in roles:
        for tenants, sees_it in ((("acme",), True), (("globex",), False), ((), False)):
            with database.transaction(role, tenants) as connection:
                count = connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
            assert (count > 0) == sees_it
