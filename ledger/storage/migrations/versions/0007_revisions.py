"""Re-pricings with their differences, closed months with what changed of them afterwards."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"

_FIGURES = """
    calls bigint NOT NULL,
    unpriced_calls bigint NOT NULL,
    estimated_calls bigint NOT NULL,
    cost_pico_usd numeric NOT NULL"""

_TABLES = f"""
ALTER TABLE corrections ADD COLUMN repricing_id bigint;
COMMENT ON COLUMN corrections.repricing_id IS 'the re-pricing that wrote it; NULL for all others';

CREATE TABLE repricings (
    repricing_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant text NOT NULL,
    from_at timestamptz NOT NULL,
    to_at timestamptz NOT NULL,
    filter jsonb NOT NULL,
    reason text NOT NULL,
    known_at timestamptz,
    dry_run boolean NOT NULL,
    adjust_closed boolean NOT NULL,
    requested_by text NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT now(),
    state text NOT NULL DEFAULT 'running'
        CHECK (state IN ('running', 'done', 'failed', 'cancelled')),
    cursor jsonb,
    calls_seen bigint NOT NULL DEFAULT 0,
    calls_changed bigint NOT NULL DEFAULT 0,
    before_pico_usd numeric NOT NULL DEFAULT 0,
    after_pico_usd numeric NOT NULL DEFAULT 0,
    failure text,
    finished_at timestamptz,
    CHECK (from_at < to_at)
);
COMMENT ON COLUMN repricings.tenant IS '* re-prices the calls of every tenant';
COMMENT ON COLUMN repricings.filter IS 'accepted values by dimension';
COMMENT ON COLUMN repricings.known_at IS 'prices as known then; NULL: as requested';
COMMENT ON COLUMN repricings.dry_run IS 'only the differences are written';
COMMENT ON COLUMN repricings.cursor IS 'tenant, start and id up to which it has come';
COMMENT ON COLUMN repricings.failure IS 'why it could not go on';

CREATE TABLE repricing_differences (
    repricing_id bigint NOT NULL,
    tenant text NOT NULL,
    day date NOT NULL,
    model text NOT NULL,
    calls bigint NOT NULL,
    calls_changed bigint NOT NULL,
    unpriced_before bigint NOT NULL,
    unpriced_after bigint NOT NULL,
    before_pico_usd numeric NOT NULL,
    after_pico_usd numeric NOT NULL,
    PRIMARY KEY (repricing_id, tenant, day, model)
) WITH (fillfactor = 70);
COMMENT ON COLUMN repricing_differences.day IS 'in the tenant''s zone';

CREATE TABLE closed_months (
    tenant text NOT NULL,
    month date NOT NULL,
    time_zone text NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    closed_at timestamptz NOT NULL,
    closed_by text NOT NULL,{_FIGURES},
    PRIMARY KEY (tenant, month)
);
COMMENT ON COLUMN closed_months.month IS 'its first day';

CREATE TABLE month_adjustments (
    tenant text NOT NULL,
    booked_in date NOT NULL,
    month date NOT NULL,{_FIGURES},
    PRIMARY KEY (tenant, booked_in, month)
) WITH (fillfactor = 70);
COMMENT ON COLUMN month_adjustments.booked_in IS 'the month in whose statement it stands';
COMMENT ON COLUMN month_adjustments.month IS 'the closed month whose usage changed';
"""

_VISIBLE = "(tenant = ANY ((SELECT visible_tenants())::text[]) OR (SELECT sees_every_tenant()))"
_OWN = (
    "((tenant <> '*' AND tenant = ANY ((SELECT visible_tenants())::text[]))"
    " OR (SELECT sees_every_tenant()))"
)

_POLICIES = f"""
CREATE POLICY tenants_of_the_transaction ON repricings FOR SELECT
    TO tollbook_app, tollbook_reader USING {_OWN};
CREATE POLICY tenants_have_their_calls_priced ON repricings FOR INSERT
    TO tollbook_app WITH CHECK {_OWN};
CREATE POLICY tenants_stop_their_own ON repricings FOR UPDATE
    TO tollbook_app USING {_OWN} WITH CHECK {_OWN};
CREATE POLICY tenants_of_the_transaction ON repricing_differences FOR SELECT
    TO tollbook_app, tollbook_reader USING {_VISIBLE};
CREATE POLICY tenants_of_the_transaction ON closed_months FOR SELECT
    TO tollbook_app, tollbook_reader USING {_VISIBLE};
CREATE POLICY tenants_close_their_months ON closed_months FOR INSERT
    TO tollbook_app WITH CHECK {_VISIBLE};
CREATE POLICY tenants_of_the_transaction ON month_adjustments FOR SELECT
    TO tollbook_app, tollbook_reader USING {_VISIBLE};
"""

_TENANT_TABLES = ("repricings", "repricing_differences", "closed_months", "month_adjustments")

_GRANTS = """
GRANT SELECT ON repricings, repricing_differences, closed_months, month_adjustments
    TO tollbook_app, tollbook_reader, tollbook_ingest;
GRANT INSERT ON repricings, closed_months TO tollbook_app;
GRANT UPDATE (state, finished_at) ON repricings TO tollbook_app;
GRANT UPDATE ON repricings TO tollbook_ingest;
GRANT INSERT, UPDATE ON repricing_differences, month_adjustments TO tollbook_ingest;
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
