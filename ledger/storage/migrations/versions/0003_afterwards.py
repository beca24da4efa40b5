"""What comes after a call: dead letters to replay, later verdicts, other names of models."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

_TABLES = """
ALTER TABLE refused_records
    ADD COLUMN call_id text,
    ADD COLUMN started_at timestamptz,
    ADD COLUMN replayable boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN refused_records.replayable IS
    'whether payload holds the whole call, so that it can be booked from here';
CREATE INDEX refused_records_kind ON refused_records (kind, received_at, record_id);
CREATE INDEX refused_records_letter ON refused_records (record_id)
    WHERE kind = 'dead_lettered';

CREATE TABLE outcomes (
    tenant text NOT NULL,
    call_id text NOT NULL,
    given_at timestamptz NOT NULL,
    outcome_id uuid NOT NULL,
    started_at timestamptz,
    verdict text NOT NULL CHECK (verdict IN ('accepted', 'edited', 'rejected')),
    value_pico_usd bigint,
    comment text,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, call_id, given_at, outcome_id)
);
COMMENT ON COLUMN outcomes.started_at IS
    'start of the call that is meant; NULL while the call is awaited and its start is not known';
COMMENT ON COLUMN outcomes.value_pico_usd IS 'what the outcome was worth, in 1e-12 USD';

CREATE TABLE model_aliases (
    tenant text NOT NULL,
    provider text NOT NULL,
    alias text NOT NULL,
    valid_from timestamptz NOT NULL,
    target_provider text NOT NULL,
    target_model text NOT NULL,
    note text,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, provider, alias, valid_from)
);
COMMENT ON COLUMN model_aliases.tenant IS '* holds for every tenant';
COMMENT ON COLUMN model_aliases.provider IS 'empty: whichever provider the sender names';

CREATE TABLE configuration_versions (
    subject text PRIMARY KEY,
    version bigint NOT NULL
);
COMMENT ON TABLE configuration_versions IS
    'counts the changes of what processes keep in memory, so that they notice one cheaply';
"""

_VISIBLE = "(tenant = ANY ((SELECT visible_tenants())\\:\\:text[]) OR (SELECT sees_every_tenant()))"
_OWN_ALIAS = (
    "((tenant <> '*' AND tenant = ANY ((SELECT visible_tenants())\\:\\:text[]))"
    " OR (SELECT sees_every_tenant()))"
)

_POLICIES = f"""
CREATE POLICY tenants_of_the_transaction ON outcomes FOR SELECT
    TO tollbook_app, tollbook_reader USING {_VISIBLE};
CREATE POLICY tenants_judge_their_calls ON outcomes FOR INSERT
    TO tollbook_app WITH CHECK {_VISIBLE};
CREATE POLICY tenants_of_the_transaction ON model_aliases FOR SELECT
    TO tollbook_app, tollbook_reader USING (tenant = '*' OR {_VISIBLE});
CREATE POLICY tenants_name_their_models ON model_aliases FOR INSERT
    TO tollbook_app WITH CHECK {_OWN_ALIAS};
CREATE POLICY tenants_rename_their_models ON model_aliases FOR UPDATE
    TO tollbook_app USING {_OWN_ALIAS} WITH CHECK {_OWN_ALIAS};
CREATE POLICY tenants_remove_their_names ON model_aliases FOR DELETE
    TO tollbook_app USING {_OWN_ALIAS};
"""

_TENANT_TABLES = ("outcomes", "model_aliases")

_GRANTS = """
GRANT UPDATE ON refused_records TO tollbook_ingest;
GRANT SELECT ON outcomes, model_aliases, configuration_versions
    TO tollbook_app, tollbook_reader, tollbook_ingest;
GRANT SELECT ON copies TO tollbook_app;
GRANT INSERT ON outcomes TO tollbook_app;
GRANT INSERT, UPDATE, DELETE ON model_aliases TO tollbook_app;
GRANT INSERT, UPDATE ON configuration_versions TO tollbook_app;
"""


def upgrade() -> None:
    """Add columns, tables and who may do what with them."""
    op.execute(_TABLES)
    for table in _TENANT_TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY every_tenant_for_booking ON {table} TO tollbook_ingest"
            " USING (true) WITH CHECK (true)"
        )
    op.execute(_POLICIES)
    op.execute(_GRANTS)
