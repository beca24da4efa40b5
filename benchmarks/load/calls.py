"""The calls of a load: each follows from the mix and its number, so that anybody can make it."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

_MODELS = (
    ("openai", "gpt-5.4"),
    ("openai", "gpt-5.4-mini"),
    ("anthropic", "claude-sonnet-4-5"),
    ("gcp.gemini", "gemini-2.5-flash"),
    ("openai", "gpt-4o-mini"),
    ("anthropic", "claude-haiku-4-5"),
    ("gcp.gemini", "gemini-2.5-pro"),
    ("openai", "gpt-4o"),
)
_ONE_FAILS_IN = 50
_DRAWS = struct.Struct("<16s8s10I")


@dataclass(frozen=True, kw_only=True)
class Mix:
    """What a load is made of; the product of its breadths says how many rollup groups it fills."""

    start_unix_seconds: int
    spread_seconds: int = 3 * 3600
    """Calls begin evenly within so many seconds after the start."""
    tenants: int = 24
    models: int = 4
    features: int = 4
    seed: int = 1


class LoadCall(NamedTuple):
    """One call, in no form yet. Token counts are OpenTelemetry's inclusive ones."""

    trace_id: bytes
    span_id: bytes
    tenant: str
    provider: str
    model: str
    feature: str
    user: str
    session: str
    response_id: str
    started_unix_micros: int
    duration_micros: int
    time_to_first_token_seconds: float
    input_tokens: int
    cache_read_tokens: int
    output_tokens: int
    failed: bool

    @property
    def call_id(self) -> str:
        """The id it is booked under: trace id and span id."""
        return f"{self.trace_id.hex()}{self.span_id.hex()}"


def call_at(mix: Mix, number: int) -> LoadCall:
    """The call of this number: always the same for the same mix."""
    digest = blake2b(b"%d/%d" % (mix.seed, number), digest_size=64).digest()
    trace_id, span_id, *drawn = _DRAWS.unpack(digest)
    provider, model = _MODELS[drawn[1] % mix.models]
    # No duration lies on the bound of a latency bucket, where forms could differ by a rounding.
    duration_micros = int(-math.log((drawn[4] + 1) / 2**32) * 1.2e6) // 10 * 10 + 7
    return LoadCall(
        trace_id=trace_id,
        span_id=span_id,
        tenant=f"tenant-{drawn[0] % mix.tenants:03d}",
        provider=provider,
        model=model,
        feature=f"feature-{drawn[2] % mix.features:02d}",
        user=f"user-{drawn[3] % 5000}",
        session=f"conversation-{drawn[3] % 1_000_003}",
        response_id=f"chatcmpl-{trace_id[:12].hex()}",
        started_unix_micros=mix.start_unix_seconds * 10**6
        + drawn[5] * mix.spread_seconds * 10**6 // 2**32,
        duration_micros=duration_micros,
        time_to_first_token_seconds=duration_micros // 3 / 1e6,
        input_tokens=200 + drawn[6] % 8000,
        cache_read_tokens=drawn[7] % 200,
        output_tokens=10 + drawn[8] % 900,
        failed=drawn[9] % _ONE_FAILS_IN == 0,
    )
