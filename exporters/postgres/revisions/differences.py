"""What a re-pricing changes by tenant, model and day, kept while it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, fields
from typing import Any

import psycopg

from exporters.postgres.revisions.changes import Difference, Group

_FIGURES = tuple(field.name for field in fields(Difference))
_ADD = f"""
    INSERT INTO repricing_differences AS known (repricing_id, tenant, day, model, {", ".join(_FIGURES)})
    VALUES (%s, %s, %s, %s, {", ".join(["%s"] * len(_FIGURES))})
    ON CONFLICT (repricing_id, tenant, day, model) DO UPDATE
    SET {", ".join(f"{name} = known.{name} + excluded.{name}" for name in _FIGURES)}
"""  # noqa: S608, E501 - made of our own names


def add_differences(
    connection: psycopg.Connection[Any],
    repricing_id: int,
    tenant: str,
    differences: Mapping[Group, Difference],
) -> None:
    """Add what one page changed."""
    rows = [
        (repricing_id, tenant, *group, *astuple(one)) for group, one in sorted(differences.items())
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(_ADD, rows)
