"""The tables of what is said about calls apart from the calls: later verdicts, names of models."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, Table, Text, Uuid, text

from ledger.storage.tables import metadata

_NOW = text("now()")

outcomes = Table(
    "outcomes",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("call_id", Text, primary_key=True),
    Column("given_at", DateTime(timezone=True), primary_key=True),
    Column("outcome_id", Uuid, primary_key=True),
    Column(
        "started_at",
        DateTime(timezone=True),
        comment=(
            "start of the call that is meant; NULL while the call is awaited and its start is"
            " not known"
        ),
    ),
    Column("verdict", Text, nullable=False),
    Column("value_pico_usd", BigInteger, comment="what the outcome was worth, in 1e-12 USD"),
    Column("comment", Text),
    Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
)

model_aliases = Table(
    "model_aliases",
    metadata,
    Column("tenant", Text, primary_key=True, comment="* holds for every tenant"),
    Column(
        "provider", Text, primary_key=True, comment="empty: whichever provider the sender names"
    ),
    Column("alias", Text, primary_key=True),
    Column("valid_from", DateTime(timezone=True), primary_key=True),
    Column("target_provider", Text, nullable=False),
    Column("target_model", Text, nullable=False),
    Column("note", Text),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
)

configuration_versions = Table(
    "configuration_versions",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    comment="counts the changes of what processes keep in memory, so that they notice one cheaply",
)
