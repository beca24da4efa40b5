"""Answers that come a page at a time, with a cursor to the next one."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec
from flask import Response, request
from werkzeug.datastructures import MultiDict

from collector.api.parameters import encode_cursor

_AMOUNT = re.compile(r"-[0-9]+(\.[0-9]+)?")

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


def wants_csv() -> bool:
    """Whether the client would rather have CSV than JSON."""
    return request.accept_mimetypes.best_match(["application/json", "text/csv"]) == "text/csv"


def csv_page(header: Sequence[str], rows: Iterable[dict[str, Any]], cursor: str | None) -> Response:
    """Rows as CSV; the next page is a link in the headers."""
    text = io.StringIO()
    writer = csv.DictWriter(text, header)
    writer.writeheader()
    writer.writerows({name: _safe(value) for name, value in row.items()} for row in rows)
    response = Response(text.getvalue(), content_type="text/csv; charset=utf-8")
    if cursor:
        arguments = MultiDict(request.args)
        arguments["cursor"] = cursor
        query = urlencode(list(arguments.items(multi=True)))
        response.headers["Link"] = f'<?{query}>; rel="next"'
    return response


def _safe(value: Any) -> Any:
    """Texts that a spreadsheet would run as a formula are quoted; amounts are none."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return value if _AMOUNT.fullmatch(value) else f"'{value}"
    return value
