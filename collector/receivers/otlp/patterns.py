"""What spans have in common, remembered from request to request."""

from __future__ import annotations

from typing import Any

from collector.receivers.otlp.attributes import Attribute, as_dict
from collector.receivers.spans import Alike

_MOST_ORIGINS = 256
_MOST_PATTERNS_OF_AN_ORIGIN = 4096

Constant = tuple[Attribute, ...]


class Origin:
    """A resource and a scope whose spans are read with one default tenant."""

    __slots__ = ("_patterns", "resource", "scope")

    def __init__(self, resource: dict[str, Any], scope: str) -> None:
        self.resource = resource
        self.scope = scope
        self._patterns: dict[Constant, Alike] = {}

    def pattern(self, constant: Constant) -> Alike:
        """What the spans with these attributes share."""
        alike = self._patterns.get(constant)
        if alike is None:
            if len(self._patterns) >= _MOST_PATTERNS_OF_AN_ORIGIN:
                self._patterns = {}
            alike = self._patterns[constant] = Alike(as_dict(constant))
        return alike


_origins: dict[tuple[Constant, bytes, str | None], Origin] = {}


def origin_of(
    varying: dict[str, Any], constant: Constant, scope: bytes, default_tenant: str | None
) -> Origin:
    """The origin of spans; one whose resource says what varies is not remembered."""
    global _origins
    key = (constant, scope, default_tenant)
    origin = None if varying else _origins.get(key)
    if origin is None:
        resource = {**as_dict(constant), **varying}
        origin = Origin(resource, scope.decode(errors="replace"))
        if not varying:
            if len(_origins) >= _MOST_ORIGINS:
                _origins = {}
            _origins[key] = origin
    return origin
