"""The state of a page in its URL: a link shows what its sender saw."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode

from dashboards import ranges


def read_state(search: str | None) -> tuple[str, str | None]:
    """Range and tenant from the URL; anything unknown falls back to the default."""
    query = parse_qs((search or "").lstrip("?"))
    range_key = query.get("range", [ranges.DEFAULT])[0]
    tenant = query.get("tenant", [""])[0] or None
    return (range_key if range_key in ranges.LABELS else ranges.DEFAULT), tenant


def write_state(range_key: str, tenant: str | None) -> str:
    """The query of a URL that says this."""
    query = {"range": range_key}
    if tenant:
        query["tenant"] = tenant
    return f"?{urlencode(query)}"
