"""Which call each record became, and forgetting what records said without reading all of them."""

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

_GRANTS = "GRANT UPDATE (record, call_started_at, call_id) ON copies TO tollbook_ingest"


def upgrade() -> None:
    """Add the columns with their indexes; what records said is forgotten by the job itself."""
    op.execute(_TABLES)
    bind = op.get_bind()
    bind.exec_driver_sql(_DROP_KEYS.replace("%", "%%"))
    bind.exec_driver_sql(_GRANTS)
