"""/v1/notice-channels: where notices about budgets go."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any
from uuid import UUID

import msgspec
from flask import Blueprint, Response, request

from alerts.notices.addresses import shown_address
from alerts.notices.trying import try_channel
from collector.api import parameters as read
from collector.api.afterwards.json_body import read_json
from collector.api.notices.shapes import PostedChannel, shown_channel, shown_setting
from collector.api.pages import MOST, PAGE
from ledger.access.principals import EVERY_TENANT
from ledger.commands.notices.channels import check_address_text, end_channel, set_channel
from ledger.domain.errors import NotFound
from ledger.domain.notices.notice import Channel
from ledger.queries.notices.channels import (
    ChannelCursor,
    channel_of_id,
    condition_of,
    list_channels,
)
from ledger.queries.reader import Reader

_posted = msgspec.json.Decoder(PostedChannel)


def channel_routes(reader: Reader, setting: Sequence[Channel]) -> Blueprint:
    """Channels of notices; `setting` are those of the settings, which are the operator's."""
    routes = Blueprint("notice_channels", __name__)

    @routes.get("/v1/notice-channels")
    def get_channels() -> Response:
        read.refuse_unknown(request.args, ("tenant", "limit", "cursor"))
        limit = read.whole_number(request.args, "limit", PAGE, MOST)
        with reader.connection() as connection:
            found = list_channels(
                connection,
                tenant=request.args.get("tenant"),
                after=read.cursor(request.args, ChannelCursor),
                limit=limit + 1,
            )
            rows = [
                shown_channel(one, condition_of(connection, one.channel_id))
                for one in found[:limit]
            ]
        answer: dict[str, Any] = {"channels": rows, "next": None}
        if len(found) > limit:
            last = found[limit - 1]
            answer["next"] = read.encode_cursor((last.tenant, last.name, last.channel_id))
        if reader.principal.tenants == EVERY_TENANT:
            answer["of_settings"] = [shown_setting(channel) for channel in setting]
        return _json(answer, HTTPStatus.OK)

    @routes.post("/v1/notice-channels")
    def post_channel() -> Response:
        posted = read_json(_posted)
        check_address_text(posted.url)
        channel = set_channel(
            reader,
            tenant=posted.tenant,
            name=posted.name,
            url=posted.url,
            shown_url=shown_address(posted.url),
        )
        answer = _json(_shown(reader, channel), HTTPStatus.CREATED)
        answer.headers["Location"] = f"/v1/notice-channels/{channel.channel_id}"
        return answer

    @routes.delete("/v1/notice-channels/<uuid:channel_id>")
    def delete_channel(channel_id: UUID) -> Response:
        end_channel(reader, channel_id)
        return Response(status=HTTPStatus.NO_CONTENT.value)

    @routes.post("/v1/notice-channels/<uuid:channel_id>/test")
    def test_channel(channel_id: UUID) -> Response:
        try_channel(_to_try(reader, channel_id, setting))
        return _json({"delivered": True}, HTTPStatus.OK)

    return routes


def _to_try(reader: Reader, channel_id: UUID, setting: Sequence[Channel]) -> Channel:
    if reader.principal.tenants == EVERY_TENANT:
        for channel in setting:
            if channel.channel_id == channel_id:
                return channel
    with reader.connection() as connection:
        return channel_of_id(connection, channel_id)


def _shown(reader: Reader, channel: Channel) -> dict[str, Any]:
    with reader.connection() as connection:
        found = list_channels(connection, tenant=channel.tenant, limit=MOST)
        for one in found:
            if one.channel_id == channel.channel_id:
                return shown_channel(one, condition_of(connection, one.channel_id))
    raise NotFound("the notice channel was removed meanwhile")


def _json(content: dict[str, Any], status: HTTPStatus) -> Response:
    return Response(
        msgspec.json.encode(content), status=status.value, content_type="application/json"
    )
