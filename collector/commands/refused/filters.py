"""What refused records a command means, as options alike for all of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import click

from ledger.queries.records.refusals import RefusedFilter

_OPTIONS = (
    click.option("--tenant", help="Only records of this tenant."),
    click.option("--receiver", help="Only what came over this entrance, such as traces or tail."),
    click.option("--from", "start", metavar="TIME", help="Only what came at or after; ISO 8601."),
    click.option("--to", "end", metavar="TIME", help="Only what came before; ISO 8601."),
    click.option("--reason", metavar="TEXT", help="Only records whose reason contains this."),
)


def filtered(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that `wanted_from` reads."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def wanted_from(
    options: dict[str, Any], record_ids: tuple[UUID, ...] | None = None
) -> RefusedFilter:
    """The filter that the options mean. Raises click.BadParameter for what is no time."""
    return RefusedFilter(
        tenant=options["tenant"],
        receiver=options["receiver"],
        start=_moment("--from", options["start"]),
        end=_moment("--to", options["end"]),
        reason=options["reason"],
        record_ids=record_ids,
    )


def _moment(name: str, value: str | None) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(
            f"{value!r} is no ISO 8601 time, such as 2026-01-31 or 2026-01-31T12:00:00Z",
            param_hint=name,
        ) from error
