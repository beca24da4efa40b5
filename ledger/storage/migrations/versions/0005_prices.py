"""Prices of one's own, exchange rates, and the catalogs that were fetched."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"

_TABLES = """
CREATE TABLE prices (
    price_id uuid PRIMARY KEY,
    tenant text NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    context jsonb NOT NULL DEFAULT '{}',
    currency text NOT NULL DEFAULT 'USD',
    rates jsonb,
    factor numeric CHECK (factor >= 0),
    valid_from timestamptz NOT NULL,
    valid_to timestamptz CHECK (valid_to > valid_from),
    recorded_at timestamptz NOT NULL,
    withdrawn_at timestamptz,
    note text,
    recorded_by text NOT NULL,
    withdrawn_by text,
    CHECK ((rates IS NULL) <> (factor IS NULL))
);
CREATE INDEX prices_of_tenant ON prices (tenant, provider, model, valid_from, price_id);
COMMENT ON TABLE prices IS 'never edited: a change withdraws one price and adds another';
COMMENT ON COLUMN prices.tenant IS '* holds for every tenant';
COMMENT ON COLUMN prices.model IS '* is every model of the provider';
COMMENT ON COLUMN prices.context IS 'what a call must match: service_tier, region, operation';
COMMENT ON COLUMN prices.rates IS
    'by token type, and per request; NULL where there is a factor';
COMMENT ON COLUMN prices.factor IS 'instead of rates: the catalog''s price times this';

CREATE TABLE exchange_rates (
    currency text NOT NULL,
    valid_on date NOT NULL,
    recorded_at timestamptz NOT NULL,
    usd_per_unit numeric NOT NULL CHECK (usd_per_unit > 0),
    source text,
    recorded_by text NOT NULL,
    PRIMARY KEY (currency, valid_on, recorded_at)
);
COMMENT ON TABLE exchange_rates IS
    'never edited: of one day the rate that was recorded last holds';

CREATE TABLE catalog_snapshots (
    digest bytea PRIMARY KEY,
    library text NOT NULL,
    source text NOT NULL,
    fetched_at timestamptz NOT NULL,
    confirmed_at timestamptz NOT NULL,
    models integer NOT NULL,
    content bytea NOT NULL
);
-- Compressed already.
ALTER TABLE catalog_snapshots ALTER COLUMN content SET STORAGE EXTERNAL;
COMMENT ON COLUMN catalog_snapshots.digest IS 'blake2b of the content as fetched';
COMMENT ON COLUMN catalog_snapshots.library IS 'the library that read it, with its version';
COMMENT ON COLUMN catalog_snapshots.confirmed_at IS 'when the source last served exactly this';
COMMENT ON COLUMN catalog_snapshots.content IS 'compressed with zlib';

CREATE TABLE catalog_refreshes (
    result text PRIMARY KEY,
    refreshes bigint NOT NULL,
    last_at timestamptz NOT NULL DEFAULT now(),
    detail text
);
COMMENT ON COLUMN catalog_refreshes.result IS 'changed, unchanged or failed';
COMMENT ON COLUMN catalog_refreshes.detail IS 'of the last one';

ALTER TABLE price_versions
    ALTER COLUMN valid_from TYPE timestamptz USING valid_from::timestamp AT TIME ZONE 'UTC',
    ADD COLUMN currency text NOT NULL DEFAULT 'USD',
    ADD COLUMN factor numeric NOT NULL DEFAULT 1,
    ADD COLUMN usd_per_unit numeric,
    ADD COLUMN exchanged_on date,
    ADD COLUMN price_id uuid,
    ADD COLUMN tenant text;
COMMENT ON COLUMN price_versions.factor IS 'by which the rates are multiplied';
COMMENT ON COLUMN price_versions.usd_per_unit IS 'what the currency was worth; NULL for USD';
COMMENT ON COLUMN price_versions.exchanged_on IS 'the day of that exchange rate';
COMMENT ON COLUMN price_versions.price_id IS 'the price it is made of; NULL: the catalog''s';
COMMENT ON COLUMN price_versions.tenant IS 'whose price it is; NULL: everybody may know it';
"""

_VISIBLE = "(tenant = ANY ((SELECT visible_tenants())::text[]) OR (SELECT sees_every_tenant()))"
_OWN = (
    "((tenant <> '*' AND tenant = ANY ((SELECT visible_tenants())::text[]))"
    " OR (SELECT sees_every_tenant()))"
)

_POLICIES = f"""
CREATE POLICY tenants_of_the_transaction ON prices FOR SELECT
    TO tollbook_app, tollbook_reader USING (tenant = '*' OR {_VISIBLE});
CREATE POLICY tenants_agree_their_prices ON prices FOR INSERT
    TO tollbook_app WITH CHECK {_OWN};
CREATE POLICY tenants_withdraw_their_prices ON prices FOR UPDATE
    TO tollbook_app USING {_OWN} WITH CHECK {_OWN};
CREATE POLICY every_tenant_for_booking ON prices TO tollbook_ingest
    USING (true) WITH CHECK (true);
CREATE POLICY tenants_of_the_transaction ON price_versions FOR SELECT
    TO tollbook_app, tollbook_reader USING (tenant IS NULL OR tenant = '*' OR {_VISIBLE});
CREATE POLICY every_tenant_for_booking ON price_versions TO tollbook_ingest
    USING (true) WITH CHECK (true);
CREATE POLICY everybody_knows_the_rates ON exchange_rates FOR SELECT
    TO tollbook_app, tollbook_reader, tollbook_ingest USING (true);
CREATE POLICY operators_set_the_rates ON exchange_rates FOR INSERT
    TO tollbook_app WITH CHECK ((SELECT sees_every_tenant()));
"""

_GRANTS = """
GRANT SELECT ON prices, exchange_rates, catalog_snapshots, catalog_refreshes
    TO tollbook_app, tollbook_reader, tollbook_ingest;
GRANT INSERT, UPDATE (withdrawn_at, withdrawn_by) ON prices TO tollbook_app;
GRANT INSERT ON exchange_rates TO tollbook_app;
GRANT INSERT, UPDATE ON catalog_snapshots, catalog_refreshes, configuration_versions
    TO tollbook_ingest;
"""


def upgrade() -> None:
    """Add tables and columns, and who may do what with them."""
    bind = op.get_bind()
    bind.exec_driver_sql(_TABLES.replace("%", "%%"))
    for table in ("prices", "exchange_rates", "price_versions"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    bind.exec_driver_sql(_POLICIES)
    bind.exec_driver_sql(_GRANTS)
