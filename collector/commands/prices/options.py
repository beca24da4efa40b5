"""Options that the commands about prices share."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import click

from ledger.pricing.forms import RateForm, TierForm


class Moment(click.ParamType[datetime]):
    """An ISO 8601 date or time; without an offset it is in UTC."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """The moment in UTC."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no ISO 8601 time, such as 2026-01-31T12:00:00Z", param, ctx)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC)


class Figure(click.ParamType[Decimal]):
    """A decimal number, kept as it is written."""

    name = "number"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Decimal:
        """The number, exactly."""
        if isinstance(value, Decimal):
            return value
        try:
            return Decimal(value)
        except InvalidOperation:
            self.fail(f"{value!r} is no decimal number", param, ctx)


class RateOption(click.ParamType[tuple[str, RateForm]]):
    """`input=2.50`, `input=2.50,200000:5` with a tier, `request=0.01`."""

    name = "type=price"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, RateForm]:
        """Token type and rate."""
        if isinstance(value, tuple):
            return value
        name, _, figures = value.partition("=")
        base, *tiers = figures.split(",")
        try:
            if name == "request" and not tiers:
                return name, RateForm(each=Decimal(base))
            return name, RateForm(per_million=Decimal(base), tiers=tuple(map(_tier, tiers)))
        except (ValueError, InvalidOperation):
            self.fail(
                f"{value!r} is no rate, such as input=2.50 (per million tokens),"
                " input=2.50,200000:5 (above 200,000 input tokens) or request=0.01",
                param,
                ctx,
            )


class ContextOption(click.ParamType[tuple[str, str]]):
    """`service_tier=batch`."""

    name = "name=value"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Name and value."""
        if isinstance(value, tuple):
            return value
        name, separator, wanted = value.partition("=")
        if not separator:
            self.fail(f"{value!r} is no name=value, such as service_tier=batch", param, ctx)
        return name, wanted


def _tier(text: str) -> TierForm:
    above, _, price = text.partition(":")
    return TierForm(int(above), Decimal(price))
