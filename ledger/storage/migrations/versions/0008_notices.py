"""Notices: which thresholds of budgets were crossed, whom it is told, and whether it was."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"

_TABLES = """
ALTER TABLE budgets ADD COLUMN channels uuid[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN budgets.channels IS
    'where its notices go; when empty to its tenant''s channels, or else to the operator''s';

CREATE TABLE notice_channels (
    channel_id uuid PRIMARY KEY,
    tenant text NOT NULL,
    name text NOT NULL,
    url text NOT NULL,
    shown_url text NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    ended_at timestamptz
);
COMMENT ON COLUMN notice_channels.tenant IS 'whose notices go there; * is the operator''s';
COMMENT ON COLUMN notice_channels.url IS 'holds secrets; people are shown shown_url';
CREATE UNIQUE INDEX notice_channels_name ON notice_channels (tenant, name)
    WHERE ended_at IS NULL;

CREATE TABLE budget_notices (
    budget_id uuid NOT NULL,
    scope_key text NOT NULL,
    armed_at timestamptz NOT NULL,
    threshold numeric NOT NULL,
    period_start timestamptz NOT NULL,
    period_end timestamptz NOT NULL,
    used numeric NOT NULL,
    allowed numeric NOT NULL,
    crossed_at timestamptz NOT NULL,
    rearmed_at timestamptz,
    closed_at timestamptz,
    PRIMARY KEY (budget_id, scope_key, armed_at, threshold)
);
COMMENT ON COLUMN budget_notices.armed_at IS
    'start of the period, or since when within it the threshold can be crossed anew';
COMMENT ON COLUMN budget_notices.used IS 'in the unit of the budget, when it was noticed';
COMMENT ON COLUMN budget_notices.rearmed_at IS
    'since when the same threshold can be crossed anew, though the period goes on';
COMMENT ON COLUMN budget_notices.closed_at IS 'NULL while somebody is to be told yet';
CREATE INDEX budget_notices_of_period ON budget_notices (budget_id, period_end);
CREATE INDEX budget_notices_by_time ON budget_notices (budget_id, crossed_at);
CREATE INDEX budget_notices_open ON budget_notices (crossed_at) WHERE closed_at IS NULL;

CREATE TABLE notice_deliveries (
    budget_id uuid NOT NULL,
    scope_key text NOT NULL,
    armed_at timestamptz NOT NULL,
    threshold numeric NOT NULL,
    channel_id uuid NOT NULL,
    channel text NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    last_error text,
    delivered_at timestamptz,
    given_up_at timestamptz,
    PRIMARY KEY (budget_id, scope_key, armed_at, threshold, channel_id)
);
COMMENT ON TABLE notice_deliveries IS 'each notice to each of its channels';
COMMENT ON COLUMN notice_deliveries.channel IS 'name of the channel, as it was then';
CREATE INDEX notice_deliveries_waiting ON notice_deliveries (next_attempt_at)
    WHERE delivered_at IS NULL AND given_up_at IS NULL;
"""

_OWN = (
    "((tenant <> '*' AND tenant = ANY ((SELECT visible_tenants())::text[]))"
    " OR (SELECT sees_every_tenant()))"
)
_OF_BUDGET = "(budget_id IN (SELECT budget_id FROM budgets))"

_POLICIES = f"""
CREATE POLICY tenants_of_the_transaction ON notice_channels FOR SELECT
    TO tollbook_app, tollbook_reader USING {_OWN};
CREATE POLICY tenants_set_their_channels ON notice_channels FOR INSERT
    TO tollbook_app WITH CHECK {_OWN};
CREATE POLICY tenants_change_their_channels ON notice_channels FOR UPDATE
    TO tollbook_app USING {_OWN} WITH CHECK {_OWN};
CREATE POLICY tenants_of_the_transaction ON budget_notices FOR SELECT
    TO tollbook_app, tollbook_reader USING {_OF_BUDGET};
CREATE POLICY tenants_of_the_transaction ON notice_deliveries FOR SELECT
    TO tollbook_app, tollbook_reader USING {_OF_BUDGET};
"""

# Grafana's role reads everything but the secrets.
_GRANTS = """
GRANT SELECT ON budget_notices, notice_deliveries
    TO tollbook_app, tollbook_reader, tollbook_ingest;
GRANT SELECT, INSERT, UPDATE ON notice_channels TO tollbook_app;
GRANT SELECT ON notice_channels TO tollbook_ingest;
GRANT SELECT (channel_id, tenant, name, shown_url, created_at, created_by, ended_at)
    ON notice_channels TO tollbook_reader;
GRANT INSERT, UPDATE, DELETE ON budget_notices, notice_deliveries TO tollbook_ingest;
"""


def upgrade() -> None:
    """Add the tables and who may do what with them."""
    bind = op.get_bind()
    bind.exec_driver_sql(_TABLES)
    for table in ("notice_channels", "budget_notices", "notice_deliveries"):
        bind.exec_driver_sql(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        bind.exec_driver_sql(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        bind.exec_driver_sql(
            f"CREATE POLICY every_tenant_for_booking ON {table} TO tollbook_ingest"
            " USING (true) WITH CHECK (true)"
        )
    bind.exec_driver_sql(_POLICIES)
    bind.exec_driver_sql(_GRANTS)
