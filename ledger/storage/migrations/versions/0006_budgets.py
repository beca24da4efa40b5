"""Budgets with what was spent under them by the quarter-hour, and reservations that hold a part."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"

_TABLES = """
CREATE TABLE budgets (
    budget_id uuid PRIMARY KEY,
    tenant text NOT NULL,
    name text NOT NULL,
    scope jsonb NOT NULL,
    amount_pico_usd numeric,
    amount_tokens bigint,
    period text NOT NULL
        CHECK (period IN ('hour', 'day', 'week', 'month', 'quarter', 'rolling')),
    window_seconds integer,
    time_zone text NOT NULL,
    action text NOT NULL CHECK (action IN ('notify', 'throttle', 'block')),
    thresholds numeric[] NOT NULL,
    fail text NOT NULL CHECK (fail IN ('open', 'closed')),
    unpriceable text NOT NULL CHECK (unpriceable IN ('admit', 'deny')),
    rollover_cap_pico_usd numeric,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    filled_at timestamptz,
    fill_id uuid,
    complete_from timestamptz,
    ended_at timestamptz,
    CHECK ((amount_pico_usd IS NULL) <> (amount_tokens IS NULL)),
    CHECK ((period = 'rolling') = (window_seconds IS NOT NULL))
);
COMMENT ON COLUMN budgets.tenant IS 'whose calls its scope names; * is the operator''s';
COMMENT ON COLUMN budgets.filled_at IS 'NULL while the calls from before it are being added';
COMMENT ON COLUMN budgets.fill_id IS 'which reading of those calls is under way';
COMMENT ON COLUMN budgets.complete_from IS
    'from where on its sums hold all calls, while older ones are being added';
CREATE UNIQUE INDEX budgets_name ON budgets (tenant, name) WHERE ended_at IS NULL;

CREATE TABLE budget_changes (
    budget_id uuid NOT NULL,
    revision integer NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    before jsonb NOT NULL,
    after jsonb NOT NULL,
    PRIMARY KEY (budget_id, revision)
);
COMMENT ON TABLE budget_changes IS 'what a budget said before and after each change of it';

CREATE TABLE budget_sums (
    budget_id uuid NOT NULL,
    scope_key text NOT NULL,
    starts_at timestamptz NOT NULL,
    spent_pico_usd numeric NOT NULL DEFAULT 0,
    tokens bigint NOT NULL DEFAULT 0,
    calls bigint NOT NULL DEFAULT 0,
    unpriced_calls bigint NOT NULL DEFAULT 0,
    provisional_pico_usd numeric NOT NULL DEFAULT 0,
    provisional_tokens bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (budget_id, scope_key, starts_at)
) WITH (fillfactor = 70);
COMMENT ON COLUMN budget_sums.scope_key IS
    'JSON array of the values of the dimensions of which each value has its own budget';
COMMENT ON COLUMN budget_sums.starts_at IS 'UTC quarter-hour in which the calls started';
COMMENT ON COLUMN budget_sums.provisional_pico_usd IS
    'settled reservations whose calls have not come yet';
CREATE INDEX budget_sums_of_period ON budget_sums (budget_id, starts_at);

CREATE TABLE budget_days (
    budget_id uuid NOT NULL,
    scope_key text NOT NULL,
    day date NOT NULL,
    used_pico_usd numeric NOT NULL DEFAULT 0,
    used_tokens bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (budget_id, scope_key, day)
) WITH (fillfactor = 50);
COMMENT ON TABLE budget_days IS
    'budget_sums by the day, so that admission reads tens of rows instead of thousands';
COMMENT ON COLUMN budget_days.day IS 'UTC day of budget_sums that is added up here';
COMMENT ON COLUMN budget_days.used_pico_usd IS 'spent, or settled';

CREATE TABLE budget_states (
    budget_id uuid NOT NULL,
    scope_key text NOT NULL,
    held_pico_usd numeric NOT NULL DEFAULT 0,
    held_tokens bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (budget_id, scope_key)
) WITH (fillfactor = 50);
COMMENT ON TABLE budget_states IS
    'what reservations hold; whoever admits or gives back locks its row first';

CREATE TABLE reservations (
    reservation_id uuid PRIMARY KEY,
    tenant text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    state text NOT NULL
        CHECK (state IN ('held', 'settled', 'released', 'expired', 'booked')),
    amount_pico_usd numeric NOT NULL,
    amount_tokens bigint NOT NULL,
    settled_pico_usd numeric,
    settled_tokens bigint,
    settled_at timestamptz,
    dimensions jsonb NOT NULL,
    is_over_hold boolean NOT NULL DEFAULT false,
    admitted_without_ledger boolean NOT NULL DEFAULT false
) WITH (fillfactor = 70);
CREATE INDEX reservations_held ON reservations (expires_at) WHERE state = 'held';
CREATE INDEX reservations_ended ON reservations (expires_at) WHERE state <> 'held';

CREATE TABLE reservation_holds (
    reservation_id uuid NOT NULL,
    budget_id uuid NOT NULL,
    scope_key text NOT NULL,
    pico_usd numeric NOT NULL,
    tokens bigint NOT NULL,
    provisional_in timestamptz,
    PRIMARY KEY (reservation_id, budget_id, scope_key)
);
COMMENT ON COLUMN reservation_holds.provisional_in IS
    'quarter-hour of budget_sums in which its provisional entry stands';
"""

_VISIBLE = "(tenant = ANY ((SELECT visible_tenants())::text[]) OR (SELECT sees_every_tenant()))"
_OWN = (
    "((tenant <> '*' AND tenant = ANY ((SELECT visible_tenants())::text[]))"
    " OR (SELECT sees_every_tenant()))"
)
# What belongs to a budget or to a reservation is seen by whoever sees that.
_OF_BUDGET = "(budget_id IN (SELECT budget_id FROM budgets))"
_OF_RESERVATION = "(reservation_id IN (SELECT reservation_id FROM reservations))"

_POLICIES = f"""
CREATE POLICY tenants_of_the_transaction ON budgets FOR SELECT
    TO tollbook_app, tollbook_reader USING {_OWN};
CREATE POLICY tenants_set_their_budgets ON budgets FOR INSERT
    TO tollbook_app WITH CHECK {_OWN};
CREATE POLICY tenants_change_their_budgets ON budgets FOR UPDATE
    TO tollbook_app USING {_OWN} WITH CHECK {_OWN};
CREATE POLICY tenants_of_the_transaction ON reservations FOR SELECT
    TO tollbook_app, tollbook_reader USING {_VISIBLE};
CREATE POLICY tenants_of_the_transaction ON budget_changes FOR SELECT
    TO tollbook_app, tollbook_reader USING {_OF_BUDGET};
CREATE POLICY tenants_change_their_budgets ON budget_changes FOR INSERT
    TO tollbook_app WITH CHECK {_OF_BUDGET};
CREATE POLICY tenants_of_the_transaction ON budget_sums FOR SELECT
    TO tollbook_app, tollbook_reader USING {_OF_BUDGET};
CREATE POLICY tenants_of_the_transaction ON budget_days FOR SELECT
    TO tollbook_app, tollbook_reader USING {_OF_BUDGET};
CREATE POLICY tenants_of_the_transaction ON budget_states FOR SELECT
    TO tollbook_app, tollbook_reader USING {_OF_BUDGET};
CREATE POLICY tenants_of_the_transaction ON reservation_holds FOR SELECT
    TO tollbook_app, tollbook_reader USING {_OF_RESERVATION};
"""

_TENANT_TABLES = (
    "budgets", "budget_changes", "budget_sums", "budget_days", "budget_states", "reservations",
    "reservation_holds",
)  # fmt: skip

_GRANTS = """
GRANT SELECT ON budgets, budget_changes, budget_sums, budget_days, budget_states, reservations,
    reservation_holds TO tollbook_app, tollbook_reader, tollbook_ingest;
GRANT INSERT, UPDATE ON budgets TO tollbook_app;
GRANT INSERT ON budget_changes TO tollbook_app;
GRANT UPDATE ON budgets TO tollbook_ingest;
GRANT INSERT, UPDATE ON configuration_versions TO tollbook_ingest;
GRANT INSERT, UPDATE, DELETE ON budget_sums, budget_days, budget_states, reservations,
    reservation_holds TO tollbook_ingest;
"""


def upgrade() -> None:
    """Add the tables and who may do what with them."""
    bind = op.get_bind()
    bind.exec_driver_sql(_TABLES)
    for table in _TENANT_TABLES:
        bind.exec_driver_sql(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        bind.exec_driver_sql(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        bind.exec_driver_sql(
            f"CREATE POLICY every_tenant_for_booking ON {table} TO tollbook_ingest"
            " USING (true) WITH CHECK (true)"
        )
    bind.exec_driver_sql(_POLICIES)
    bind.exec_driver_sql(_GRANTS)
