"""Joining copies, corrections with their credits, places that senders have been read to."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

_TABLES = """
CREATE TABLE corrections (
    LIKE calls INCLUDING DEFAULTS,
    revision integer NOT NULL,
    sign smallint NOT NULL CHECK (sign IN (-1, 1)),
    correction_reason text NOT NULL,
    PRIMARY KEY (tenant, started_at, id, revision, sign)
);
COMMENT ON COLUMN corrections.sign IS '-1 takes a booked state back, 1 puts another in its place';

CREATE TABLE credits (
    LIKE totals INCLUDING DEFAULTS INCLUDING COMMENTS,
    PRIMARY KEY (tenant, series_id)
) WITH (fillfactor = 50, toast_tuple_target = 8160);
ALTER TABLE totals SET (toast_tuple_target = 8160);
ALTER TABLE rollups SET (toast_tuple_target = 8160);

CREATE TABLE copies (
    tenant text NOT NULL,
    started_at timestamptz NOT NULL,
    id text NOT NULL,
    record jsonb,
    arrived_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, started_at, id)
);
COMMENT ON COLUMN copies.record IS
    'the call as it came, kept as long as further copies may be joined with it';

CREATE TABLE call_keys (
    arrived_at timestamptz NOT NULL DEFAULT now(),
    tenant text NOT NULL,
    own_key bigint NOT NULL,
    response_key bigint,
    parent_key bigint,
    started_at timestamptz NOT NULL,
    id text NOT NULL,
    source text NOT NULL,
    parent_span_id text
) PARTITION BY RANGE (arrived_at);
CREATE INDEX call_keys_own ON call_keys USING hash (own_key);
CREATE INDEX call_keys_response ON call_keys USING hash (response_key)
    WHERE response_key IS NOT NULL;
CREATE INDEX call_keys_parent ON call_keys USING hash (parent_key) WHERE parent_key IS NOT NULL;

CREATE TABLE key_feed (
    batch bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    arrived_on date NOT NULL,
    writer uuid NOT NULL,
    keys bytea NOT NULL
);

CREATE TABLE ingest_marks (
    source text PRIMARY KEY,
    place bigint NOT NULL,
    detail jsonb,
    marked_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE ingest_marks IS
    'how far a file or a spool has been booked, written with the calls themselves';

CREATE TABLE ingest_commits (
    measure text NOT NULL CHECK (measure IN ('seconds', 'calls', 'lag_seconds')),
    bucket smallint NOT NULL,
    commits bigint NOT NULL,
    total double precision NOT NULL,
    PRIMARY KEY (measure, bucket)
) WITH (fillfactor = 50);
COMMENT ON COLUMN ingest_commits.bucket IS 'place among the bounds of the measure';

ALTER TABLE self_checks ADD COLUMN records_off bigint NOT NULL DEFAULT 0;
"""

_ENSURE_CALL_PARTITIONS = """
CREATE OR REPLACE FUNCTION ensure_call_partitions(days date[]) RETURNS integer
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
        -- COPY is refused where row security is on, so booking copies into the days themselves.
        EXECUTE format('GRANT INSERT ON %I TO tollbook_ingest', partition_name);
        made := made + 1;
    END LOOP;
    RETURN made;
END $$
"""

_KEY_PARTITIONS = """
CREATE FUNCTION ensure_key_partitions(days date[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    day date;
    partition_name text;
    made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('tollbook.partitions', 0));
    FOREACH day IN ARRAY days LOOP
        partition_name := 'call_keys_' || to_char(day, 'YYYYMMDD');
        CONTINUE WHEN to_regclass(partition_name) IS NOT NULL;
        EXECUTE format(
            'CREATE TABLE %I (LIKE call_keys INCLUDING DEFAULTS INCLUDING INDEXES)', partition_name
        );
        EXECUTE format(
            'ALTER TABLE call_keys ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
            partition_name,
            day::timestamp AT TIME ZONE 'UTC',
            (day + 1)::timestamp AT TIME ZONE 'UTC'
        );
        EXECUTE format('GRANT SELECT, INSERT ON %I TO tollbook_ingest', partition_name);
        made := made + 1;
    END LOOP;
    RETURN made;
END $$
"""

_DROP_KEYS = """
CREATE FUNCTION drop_keys_before(day date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    partition_name text;
    dropped integer := 0;
BEGIN
    FOR partition_name IN
        SELECT relname FROM pg_class JOIN pg_inherits ON inhrelid = pg_class.oid
        WHERE inhparent = 'call_keys'::regclass
            AND relname < 'call_keys_' || to_char(day, 'YYYYMMDD')
    LOOP
        EXECUTE format('DROP TABLE %I', partition_name);
        dropped := dropped + 1;
    END LOOP;
    DELETE FROM key_feed WHERE arrived_on < day;
    UPDATE copies SET record = NULL WHERE record IS NOT NULL AND arrived_at < day;
    RETURN dropped;
END $$
"""

_COMPACT_HISTOGRAM = """
CREATE FUNCTION compact_histogram(counted bigint[]) RETURNS bigint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    -- An element is bucket << 48 plus a count that may be negative, so buckets are read rounded.
    SELECT array_agg((bucket << 48) + calls ORDER BY bucket)
    FROM (
        SELECT bucket, sum(element - (bucket << 48))::bigint AS calls
        FROM (
            SELECT element, (element + 140737488355328) >> 48 AS bucket
            FROM unnest(counted) AS element
        ) AS elements
        GROUP BY bucket
    ) AS filled
    WHERE calls <> 0
$$
"""

_MERGE_HISTOGRAMS = """
CREATE OR REPLACE FUNCTION merge_histograms(counted bigint[], added bigint[]) RETURNS bigint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    -- Buckets may stand in it several times: whoever reads adds them up, and now and then we do.
    SELECT CASE
        WHEN cardinality(counted) + cardinality(added) <= 160 THEN counted || added
        ELSE compact_histogram(counted || added)
    END
$$
"""

_ENTRIES = """
CREATE VIEW entries WITH (security_invoker = true) AS
    SELECT calls.*, 1::smallint AS sign FROM calls
    UNION ALL
    SELECT {columns}, sign FROM corrections
"""

_CURRENT_CALLS = """
CREATE VIEW current_calls WITH (security_invoker = true) AS
    SELECT calls.* FROM calls
    WHERE NOT EXISTS (
        SELECT FROM corrections
        WHERE corrections.tenant = calls.tenant AND corrections.started_at = calls.started_at
            AND corrections.id = calls.id
    )
    UNION ALL
    SELECT {columns} FROM corrections
    WHERE sign = 1 AND NOT EXISTS (
        SELECT FROM corrections AS later
        WHERE later.tenant = corrections.tenant AND later.started_at = corrections.started_at
            AND later.id = corrections.id AND later.revision > corrections.revision
    )
"""

_TENANT_TABLES = ("corrections", "credits", "copies")

_GRANTS = """
GRANT SELECT ON corrections, credits, entries, current_calls TO tollbook_app, tollbook_reader;
GRANT SELECT ON ingest_marks, ingest_commits TO tollbook_app, tollbook_reader;
GRANT SELECT ON entries, current_calls TO tollbook_ingest;
GRANT SELECT, INSERT ON corrections, copies, key_feed, call_keys TO tollbook_ingest;
GRANT SELECT, INSERT, UPDATE ON credits, ingest_marks, ingest_commits TO tollbook_ingest;
GRANT DELETE ON ingest_marks TO tollbook_ingest;
REVOKE ALL ON FUNCTION ensure_key_partitions(date[]), drop_keys_before(date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_key_partitions(date[]), drop_keys_before(date)
    TO tollbook_ingest;
"""

_GRANT_EXISTING_DAYS = """
DO $$
DECLARE
    partition_name text;
BEGIN
    FOR partition_name IN
        SELECT relname FROM pg_class JOIN pg_inherits ON inhrelid = pg_class.oid
        WHERE inhparent = 'calls'::regclass
    LOOP
        EXECUTE format('GRANT INSERT ON %I TO tollbook_ingest', partition_name);
    END LOOP;
END $$
"""


def upgrade() -> None:
    """Add the tables, and let booking copy into the days of calls."""
    op.execute(_TABLES)
    bind = op.get_bind()
    names = bind.exec_driver_sql(
        "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute"
        " WHERE attrelid = 'calls'::regclass AND attnum > 0 AND NOT attisdropped"
    ).scalar_one()
    for statement in (
        _ENSURE_CALL_PARTITIONS,
        _KEY_PARTITIONS,
        _DROP_KEYS,
        _COMPACT_HISTOGRAM,
        _MERGE_HISTOGRAMS,
        _ENTRIES.format(columns=names),
        _CURRENT_CALLS.format(columns=", ".join(f"corrections.{n}" for n in names.split(", "))),
        _GRANT_EXISTING_DAYS,
        _GRANTS,
    ):
        bind.exec_driver_sql(statement.replace("%", "%%"))
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
