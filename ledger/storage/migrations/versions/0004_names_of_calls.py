"""Which call each record became, which ids are on which day, and forgetting without a scan."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

_TABLES = """
ALTER TABLE copies
    ADD COLUMN call_started_at timestamptz,
    ADD COLUMN call_id text;
COMMENT ON COLUMN copies.call_started_at IS
    'start of the call it became part of, where another record names that call';
COMMENT ON COLUMN copies.call_id IS
    'id of that call; NULL where the record names its call itself';
CREATE INDEX copies_call ON copies (tenant, call_id, call_started_at) WHERE call_id IS NOT NULL;
CREATE INDEX copies_kept ON copies (arrived_at) WHERE record IS NOT NULL;

CREATE TABLE known_ids (
    part bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    started_on date NOT NULL,
    words bytea
);
-- Neither compressed nor read whole: a look-up fetches one word of each.
ALTER TABLE known_ids ALTER COLUMN words SET STORAGE EXTERNAL;
COMMENT ON COLUMN known_ids.started_on IS 'UTC day on which the records start';
COMMENT ON COLUMN known_ids.words IS
    'filter of the keys of their ids, 64-bit words; NULL where any id may be on that day';

INSERT INTO known_ids (started_on)
SELECT to_date(right(relname, 8), 'YYYYMMDD')
FROM pg_class JOIN pg_inherits ON inhrelid = pg_class.oid
WHERE inhparent = 'calls'::regclass AND relname ~ '^calls_[0-9]{8}$';

ALTER TABLE call_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE call_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY tenants_of_the_transaction ON call_keys FOR SELECT TO tollbook_app
    USING (tenant = ANY ((SELECT visible_tenants())::text[]) OR (SELECT sees_every_tenant()));
CREATE POLICY every_tenant_for_booking ON call_keys TO tollbook_ingest
    USING (true) WITH CHECK (true);
"""

_DROP_KEYS = """
CREATE OR REPLACE FUNCTION drop_keys_before(day date) RETURNS integer
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
    -- Batches are numbered as they arrive, so the first that stays is found without the others.
    DELETE FROM key_feed WHERE batch < coalesce(
        (SELECT batch FROM key_feed WHERE arrived_on >= day ORDER BY batch LIMIT 1),
        9223372036854775807
    );
    RETURN dropped;
END $$
"""

_GRANTS = """
GRANT UPDATE (record, call_started_at, call_id) ON copies TO tollbook_ingest;
GRANT SELECT ON call_keys, known_ids TO tollbook_app;
GRANT SELECT, INSERT ON known_ids TO tollbook_ingest;
"""


def upgrade() -> None:
    """Add columns, indexes and filters; what records said is forgotten by the job itself."""
    bind = op.get_bind()
    for statement in (_TABLES, _DROP_KEYS, _GRANTS):
        bind.exec_driver_sql(statement.replace("%", "%%"))
