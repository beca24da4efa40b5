"""GET, PUT and DELETE /v1/aliases: what other names of models stand for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from flask import Blueprint, Response, request
from msgspec import Meta

from collector.api import parameters as read
from collector.api.afterwards.json_body import read_json
from collector.api.pages import MOST, PAGE, following, page
from ledger.commands.aliases import remove_alias, set_alias
from ledger.domain.errors import InvalidQuestion
from ledger.pricing.aliases import Alias
from ledger.queries.aliases import Cursor, list_aliases
from ledger.queries.reader import Reader
from ledger.settings import Settings

_ALWAYS = datetime(2015, 1, 1, tzinfo=UTC)
"""No call is booked from before."""
_KEYS = ("tenant", "provider", "alias", "valid_from")


class _Put(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    tenant: str
    alias: str
    target_model: str
    provider: str = ""
    target_provider: str = ""
    valid_from: Annotated[datetime, Meta(tz=True)] = _ALWAYS
    note: str | None = None


_decoder = msgspec.json.Decoder(_Put)


def alias_routes(reader: Reader, settings: Settings) -> Blueprint:
    """Other names of models."""
    routes = Blueprint("aliases", __name__)

    @routes.get("/v1/aliases")
    def get_aliases() -> Response:
        read.refuse_unknown(request.args, ("tenant", "limit", "cursor"))
        limit = read.whole_number(request.args, "limit", PAGE, MOST)
        rows = list_aliases(
            reader,
            tenant=request.args.get("tenant"),
            after=read.cursor(request.args, Cursor),
            limit=limit + 1,
        )
        return page("aliases", rows[:limit], following(rows, limit, *_KEYS))

    @routes.put("/v1/aliases")
    def put_alias() -> Response:
        put = read_json(_decoder)
        alias = Alias(
            **{
                name: getattr(put, name) for name in Alias.__struct_fields__ if name != "valid_from"
            },
            valid_from=put.valid_from.astimezone(UTC),
        )
        set_alias(reader, alias, put.note)
        answer = {**msgspec.structs.asdict(alias), "note": put.note}
        return Response(msgspec.json.encode(answer), content_type="application/json")

    @routes.delete("/v1/aliases")
    def delete_alias() -> Response:
        read.refuse_unknown(request.args, (*_KEYS, "tz"))
        tz = read.time_zone(request.args, settings.time_zone)
        removed = remove_alias(
            reader,
            tenant=_needed("tenant"),
            alias=_needed("alias"),
            provider=request.args.get("provider", ""),
            valid_from=read.moment(request.args, "valid_from", tz),
        )
        body = msgspec.json.encode({"removed": removed})
        return Response(body, content_type="application/json")

    return routes


def _needed(name: str) -> str:
    value = request.args.get(name)
    if not value:
        raise InvalidQuestion(name, "is needed")
    return value
