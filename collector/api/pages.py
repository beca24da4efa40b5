"""Answers that come a page at a time, with a cursor to the next one."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Response

from collector.api.parameters import encode_cursor

PAGE = 100
MOST = 1000


def following(rows: list[dict[str, Any]], limit: int, *keys: str) -> str | None:
    """The cursor after the last of `limit` rows, made of its keys; None when these were all."""
    if len(rows) <= limit:
        return None
    return encode_cursor([rows[limit - 1][key] for key in keys])


def page(name: str, rows: list[dict[str, Any]], cursor: str | None) -> Response:
    """Rows under their name, and where to go on."""
    body = msgspec.json.encode({name: rows, "next": cursor})
    return Response(body, content_type="application/json")
