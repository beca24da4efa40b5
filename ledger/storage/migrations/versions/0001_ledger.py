"""The ledger: tenants, calls by day, rollups, totals, prices, refused records; row security."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None

_TABLES = """
CREATE TABLE tenants (
    tenant text PRIMARY KEY,
    time_zone text NOT NULL,
    rollup_seconds integer NOT NULL CHECK (rollup_seconds IN (900, 3600)),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE series (
    tenant text NOT NULL,
    series_id uuid NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    operation text NOT NULL,
    feature text NOT NULL,
    service text NOT NULL,
    environment text NOT NULL,
    region text NOT NULL,
    prompt_version text NOT NULL,
    status text NOT NULL,
    first_seen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, series_id)
);

CREATE TABLE calls (
    tenant text NOT NULL,
    started_at timestamptz NOT NULL,
    id text NOT NULL,
    series_id uuid NOT NULL,
    input_tokens bigint,
    cache_read_tokens bigint,
    cache_write_5m_tokens bigint,
    cache_write_1h_tokens bigint,
    output_tokens bigint,
    reasoning_tokens bigint,
    input_audio_tokens bigint,
    output_audio_tokens bigint,
    input_image_tokens bigint,
    output_image_tokens bigint,
    cost_pico_usd bigint,
    cost_status text NOT NULL,
    cost_reason text,
    price_version uuid,
    reported_cost_pico_usd bigint,
    duration_seconds double precision,
    duration_bucket smallint,
    time_to_first_token_seconds double precision,
    time_to_first_token_bucket smallint,
    request_model text,
    error_type text,
    user_id text,
    session_id text,
    prompt_name text,
    service_tier text,
    trace_id text,
    span_id text,
    operation_id text,
    attempt integer,
    response_id text,
    reservation_id text,
    cache_hit boolean,
    verdict text,
    tags jsonb,
    raw_usage jsonb,
    receiver text NOT NULL,
    dialect text NOT NULL,
    booked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, started_at, id)
) PARTITION BY RANGE (started_at);

COMMENT ON COLUMN calls.cost_pico_usd IS 'cost in 1e-12 USD; NULL when unpriced';
COMMENT ON COLUMN calls.duration_bucket IS
    'index of the first latency bucket whose bound 0.01 s * 2^((index - 54) / 16) holds it';

CREATE TABLE rollups (
    tenant text NOT NULL,
    starts_at timestamptz NOT NULL,
    series_id uuid NOT NULL,
    {measures},
    PRIMARY KEY (tenant, starts_at, series_id)
) WITH (fillfactor = 80);
CREATE INDEX rollups_starts_at ON rollups USING brin (starts_at);

CREATE TABLE totals (
    tenant text NOT NULL,
    series_id uuid NOT NULL,
    {measures},
    PRIMARY KEY (tenant, series_id)
) WITH (fillfactor = 50);

COMMENT ON COLUMN rollups.duration_histogram IS
    'one element per latency bucket in use: bucket << 48 | calls';
COMMENT ON COLUMN totals.duration_histogram IS
    'one element per latency bucket in use: bucket << 48 | calls';

CREATE TABLE metric_label_sets (
    tenant text NOT NULL,
    feature text NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    operation text NOT NULL,
    shown_tenant text NOT NULL,
    shown_feature text NOT NULL,
    shown_provider text NOT NULL,
    shown_model text NOT NULL,
    shown_operation text NOT NULL,
    PRIMARY KEY (tenant, feature, provider, model, operation)
);

CREATE TABLE ingest_totals (
    receiver text NOT NULL,
    result text NOT NULL,
    records bigint NOT NULL,
    PRIMARY KEY (receiver, result)
) WITH (fillfactor = 50);

CREATE TABLE price_versions (
    price_version uuid PRIMARY KEY,
    catalog_provider text NOT NULL,
    catalog_model text NOT NULL,
    context jsonb NOT NULL,
    rates jsonb NOT NULL,
    valid_from date,
    source text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE refused_records (
    tenant text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    record_id uuid NOT NULL DEFAULT gen_random_uuid(),
    kind text NOT NULL CHECK (kind IN ('rejected', 'dead_lettered')),
    receiver text NOT NULL,
    position integer NOT NULL,
    path text NOT NULL,
    reason text NOT NULL,
    payload text,
    PRIMARY KEY (tenant, received_at, record_id)
);

CREATE TABLE self_checks (
    scope text PRIMARY KEY,
    drift_pico_usd numeric NOT NULL,
    checked_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE palette (
    dimension text NOT NULL,
    value text NOT NULL,
    slot integer NOT NULL,
    PRIMARY KEY (dimension, value)
);
"""

_MEASURES = """
    calls bigint NOT NULL,
    unpriced_calls bigint NOT NULL,
    estimated_calls bigint NOT NULL,
    cost_pico_usd numeric NOT NULL,
    input_tokens bigint NOT NULL DEFAULT 0,
    cache_read_tokens bigint NOT NULL DEFAULT 0,
    cache_write_5m_tokens bigint NOT NULL DEFAULT 0,
    cache_write_1h_tokens bigint NOT NULL DEFAULT 0,
    output_tokens bigint NOT NULL DEFAULT 0,
    reasoning_tokens bigint NOT NULL DEFAULT 0,
    input_audio_tokens bigint NOT NULL DEFAULT 0,
    output_audio_tokens bigint NOT NULL DEFAULT 0,
    input_image_tokens bigint NOT NULL DEFAULT 0,
    output_image_tokens bigint NOT NULL DEFAULT 0,
    duration_microseconds bigint NOT NULL,
    time_to_first_token_microseconds bigint NOT NULL,
    duration_histogram bigint[],
    time_to_first_token_histogram bigint[]"""

_MERGE_HISTOGRAMS = """
CREATE FUNCTION merge_histograms(counted bigint[], added bigint[]) RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    place integer := 1;
    element bigint;
BEGIN
    IF counted IS NULL OR added IS NULL THEN
        RETURN coalesce(counted, added);
    END IF;
    -- Both are in the order of their buckets, so one walk finds each place.
    FOREACH element IN ARRAY added LOOP
        WHILE counted[place] >> 48 < element >> 48 LOOP
            place := place + 1;
        END LOOP;
        IF counted[place] >> 48 = element >> 48 THEN
            counted[place] := counted[place] + (element & 281474976710655);
        ELSE
            counted := counted[:place - 1] || element || counted[place:];
        END IF;
    END LOOP;
    RETURN counted;
END $$
"""

_ENSURE_PARTITIONS = """
CREATE FUNCTION ensure_call_partitions(days date[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    day date;
    partition_name text;
    made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('tollbook.partitions', 0));
    FOREACH day IN ARRAY days LOOP
        partition_name := 'calls_' || to_char(day, 'YYYYMMDD');
        CONTINUE WHEN to_regclass(partition_name) IS NOT NULL;
        -- Attaching locks the parent less than CREATE TABLE ... PARTITION OF: booking goes on.
        EXECUTE format('CREATE TABLE %I (LIKE calls INCLUDING DEFAULTS)', partition_name);
        EXECUTE format(
            'ALTER TABLE calls ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
            partition_name,
            day::timestamp AT TIME ZONE 'UTC',
            (day + 1)::timestamp AT TIME ZONE 'UTC'
        );
        made := made + 1;
    END LOOP;
    RETURN made;
END $$
"""

_VISIBLE_TENANTS = """
CREATE FUNCTION visible_tenants() RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN coalesce(current_setting('tollbook.tenants', true), '') IN ('', '*')
            THEN ARRAY[]::text[]
        ELSE ARRAY(
            SELECT jsonb_array_elements_text(current_setting('tollbook.tenants', true)::jsonb)
        )
    END
$$
"""

_SEES_EVERY_TENANT = """
CREATE FUNCTION sees_every_tenant() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(current_setting('tollbook.tenants', true) = '*', false)
$$
"""

_TENANT_TABLES = (
    "tenants", "series", "calls", "rollups", "totals", "metric_label_sets", "refused_records",
)  # fmt: skip

_GRANTS = """
GRANT SELECT ON alembic_version TO tollbook_app, tollbook_ingest, tollbook_reader;
GRANT SELECT ON tenants, series, calls, rollups, totals, refused_records, price_versions,
    ingest_totals, self_checks TO tollbook_app, tollbook_reader;
GRANT SELECT ON metric_label_sets TO tollbook_app;
GRANT SELECT, INSERT ON palette TO tollbook_app;
GRANT SELECT, INSERT ON tenants, series, calls, price_versions, metric_label_sets
    TO tollbook_ingest;
GRANT SELECT, INSERT, UPDATE ON rollups, totals, ingest_totals, self_checks TO tollbook_ingest;
GRANT SELECT, INSERT, DELETE ON refused_records TO tollbook_ingest;
REVOKE ALL ON FUNCTION ensure_call_partitions(date[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_call_partitions(date[]) TO tollbook_ingest;
"""


def upgrade() -> None:
    """Create everything."""
    op.execute(_TABLES.replace("{measures}", _MEASURES.strip()).replace(":", r"\:"))
    for function in (
        _MERGE_HISTOGRAMS,
        _ENSURE_PARTITIONS,
        _VISIBLE_TENANTS,
        _SEES_EVERY_TENANT,
    ):
        op.execute(function.replace(":", r"\:"))
    for table in _TENANT_TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY tenants_of_the_transaction ON {table}"
            " FOR SELECT TO tollbook_app, tollbook_reader"
            " USING (tenant = ANY ((SELECT visible_tenants())\\:\\:text[])"
            " OR (SELECT sees_every_tenant()))"
        )
        op.execute(
            f"CREATE POLICY every_tenant_for_booking ON {table} TO tollbook_ingest"
            " USING (true) WITH CHECK (true)"
        )
    op.execute(_GRANTS)
