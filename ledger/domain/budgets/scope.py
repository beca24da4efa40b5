"""Which calls count under which budget, and under which of its values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from hashlib import blake2b
from typing import Any

import msgspec

from ledger.domain.calls import Call
from ledger.domain.dimensions import DIMENSIONS

EVERY_VALUE = "*"
USER = "user"
TAG_PREFIX = "tags."

ScopeKey = str
"""The values of a budget's "*" dimensions, in the order of their names, as a JSON array."""

NO_STARS: ScopeKey = "[]"

_SURELY_SHORT = 40
_KEPT = 32
_MOST_BYTES = 256
"""Of a value in JSON, so that eight of them stay below what an index takes (2,704 bytes)."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[str]).decode


def is_dimension(name: str) -> bool:
    """Whether budgets can be scoped by it: a rollup dimension, `user`, or `tags.<name>`."""
    return (
        name in DIMENSIONS
        or name == USER
        or (name.startswith(TAG_PREFIX) and len(name) > len(TAG_PREFIX))
    )


def is_of_call(name: str) -> bool:
    """Whether the dimension's value is known of each call only, not of its series."""
    return name not in DIMENSIONS


def starred(scope: Mapping[str, str]) -> tuple[str, ...]:
    """The dimensions of which each value has a budget of its own, in the order of a key."""
    return tuple(sorted(name for name, value in scope.items() if value == EVERY_VALUE))


def scope_key(values: Iterable[str]) -> ScopeKey:
    """The key of the values of "*" dimensions, given in the order of the dimensions' names.

    Very long values are cut, with a digest of the whole: keys have to fit into an index.
    """
    return _encode([_short(value) for value in values]).decode()


def _short(value: str) -> str:
    if len(value) <= _SURELY_SHORT or len(_encode(value)) <= _MOST_BYTES:
        return value
    digest = blake2b(value.encode(), digest_size=8, person=b"tollbook.scope").hexdigest()
    return f"{value[:_KEPT]}\N{HORIZONTAL ELLIPSIS}{digest}"


def values_of_key(key: ScopeKey) -> list[str]:
    """The values a key was made of."""
    return _decode(key)


def key_within(scope: Mapping[str, str], values: Mapping[str, str]) -> ScopeKey | None:
    """Under which key what has these values counts in a scope; None when it does not.

    A value that is missing is an empty one. It never counts where there is one budget per value: it
    is nobody's, and all that is nobody's together would use up one small budget.
    """
    stars = []
    for name in sorted(scope):
        wanted, value = scope[name], values.get(name, "")
        if wanted == EVERY_VALUE:
            if not value:
                return None
            stars.append(value)
        elif wanted != value:
            return None
    return scope_key(stars) if stars else NO_STARS


def values_of_call(call: Call) -> dict[str, str]:
    """All values of a call that scopes can name."""
    values = {"tenant": call.tenant, **call.series._asdict(), USER: call.user or ""}
    for name, value in (call.tags or {}).items():
        values[TAG_PREFIX + name] = tag_text(value)
    return values


def tag_text(value: Any) -> str:
    """A tag's value as budgets write it; the same before and after it was kept as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        # 1.0 may come back as 1 and 1e22 as an integer; there is no negative zero.
        return format(Decimal(repr(value)).normalize(), "f") if value else "0"
    return ""
