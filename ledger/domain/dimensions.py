"""The dimensions that rollups keep, and the series: one combination of their values."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple
from uuid import UUID


class Series(NamedTuple):
    """One combination of dimension values of a tenant. An empty text means: not given."""

    provider: str
    model: str
    operation: str
    feature: str
    service: str
    environment: str
    region: str
    prompt_version: str
    status: str


SERIES_DIMENSIONS: tuple[str, ...] = Series._fields
DIMENSIONS: tuple[str, ...] = ("tenant", *SERIES_DIMENSIONS)


@lru_cache(maxsize=65_536)
def series_id(series: Series) -> UUID:
    """A name for the combination that every process computes alike, without asking the database.

    128 bits of BLAKE2b over the length-prefixed values; the tenant is kept beside it, not inside.
    """
    digest = blake2b(digest_size=16, person=b"tollbook.series")
    for value in series:
        encoded = value.encode()
        digest.update(len(encoded).to_bytes(4, "big"))
        digest.update(encoded)
    return UUID(bytes=digest.digest())
