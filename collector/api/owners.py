"""Whose a request probably is, guessed before it is decoded.

It only decides whose turn it is to be decoded; whose the calls are is read later from the records.
"""

from __future__ import annotations

import re

_LOOKED_AT_BYTES = 4096
_TENANT = re.compile(
    rb'"(?:tenant|tenant\.id|tollbook\.tenant)"\s*'
    rb'(?:,\s*"value"\s*:\s*\{\s*"stringValue"\s*)?:\s*"([^"]{1,256})"'
    rb"|(?:tollbook\.tenant|tenant\.id)\x12.\x0a(.)",
    re.DOTALL,
)
"""A JSON member, an OTLP attribute in JSON, or one in protobuf."""


def owner_of(body: bytes) -> str:
    """The tenant that the start of a body seems to name; empty when it names none or is packed."""
    found = _TENANT.search(body, 0, _LOOKED_AT_BYTES)
    if found is None:
        return ""
    if found[1] is not None:
        return found[1].decode(errors="replace")
    start = found.end()
    return body[start : start + found[2][0]].decode(errors="replace")
