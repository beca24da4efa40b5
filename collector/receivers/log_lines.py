"""JSON log lines: which of them tell of an LLM call, and the call they hold.

Most lines of a log are none of ours, and many share a field name with a call (`tenant`, `model`,
`status`). So a line counts as meant for us only when it holds

- an object under `llm_call`, or
- at least two of: `started_at`; `model`, `request_model` or `provider`; an object `usage` or
  `raw_usage`, or
- an object `usage` with one of our token counts.

Fields that are null count as absent: formatters write null for what a line was not given.
"""

from __future__ import annotations

import re

import msgspec

from collector.receivers.records import USAGE_FIELDS

CALL_FIELD = "llm_call"

_HINT = re.compile(rb'"(?:started_at|(?:raw_)?usage|llm_call)"')
_TOKEN_COUNT = re.compile(
    b'"(?:' + b"|".join(re.escape(name.encode()) for name in sorted(USAGE_FIELDS)) + b')"\\s*:'
)
_SIGNS = (
    re.compile(rb'"started_at"\s*:'),
    re.compile(rb'"(?:model|request_model|provider)"\s*:'),
    re.compile(rb'"(?:raw_)?usage"\s*:\s*\{'),
)


class _Glimpse(msgspec.Struct):
    """The fields by which a call is known, not yet read."""

    started_at: msgspec.Raw = msgspec.Raw()
    model: msgspec.Raw = msgspec.Raw()
    request_model: msgspec.Raw = msgspec.Raw()
    provider: msgspec.Raw = msgspec.Raw()
    usage: msgspec.Raw = msgspec.Raw()
    raw_usage: msgspec.Raw = msgspec.Raw()
    llm_call: msgspec.Raw = msgspec.Raw()


_glimpse = msgspec.json.Decoder(_Glimpse)


def call_in(line: bytes) -> bytes | None:
    """The JSON in a log line that is meant as a call, sound or not; None when there is none."""
    if not _HINT.search(line):
        return None
    try:
        seen = _glimpse.decode(line)
    except msgspec.ValidationError:
        return None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return line if _was_a_call(line) else None
    nested = bytes(seen.llm_call)
    if nested.startswith(b"{"):
        return nested
    usage = bytes(seen.usage)
    has_usage = usage.startswith(b"{")
    tells_usage = has_usage or bytes(seen.raw_usage).startswith(b"{")
    has_model = any(map(_is_given, (seen.model, seen.request_model, seen.provider)))
    signs = _is_given(seen.started_at) + has_model + tells_usage
    if signs >= 2 or (has_usage and _TOKEN_COUNT.search(usage)):
        return line
    return None


def _is_given(value: msgspec.Raw) -> bool:
    return bytes(value) not in (b"", b"null")


def _was_a_call(line: bytes) -> bool:
    """Whether a damaged line shows by its field names that a call was lost with it."""
    return line.lstrip().startswith(b"{") and sum(bool(s.search(line)) for s in _SIGNS) >= 2
