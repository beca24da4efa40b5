"""The four roles that divide what Tollbook may do in its database.

- owner: owns the tables and runs migrations.
- app: answers people; row security shows it only the tenants named by the transaction.
- ingest: books calls and runs jobs, for all tenants; never used for people's reads.
- reader: reads for Grafana; bound by the same row security as the app.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

ROLES = ("tollbook_owner", "tollbook_app", "tollbook_ingest", "tollbook_reader")

_CREATE = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
        CREATE ROLE {role} NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;  -- another database of this server was migrated at the same moment
END $$
"""

_JOIN = """
DO $$ BEGIN
    IF NOT pg_has_role(current_user, '{role}', 'MEMBER') THEN
        EXECUTE format('GRANT {role} TO %I', current_user);
    END IF;
END $$
"""


def ensure_roles(connection: Connection) -> None:
    """Create the roles that are missing and let the connecting user take them on."""
    for role in ROLES:
        connection.execute(text(_CREATE.format(role=role)))
        connection.execute(text(_JOIN.format(role=role)))
    connection.execute(text("GRANT USAGE, CREATE ON SCHEMA public TO tollbook_owner"))
    connection.execute(
        text("GRANT USAGE ON SCHEMA public TO tollbook_app, tollbook_ingest, tollbook_reader")
    )
