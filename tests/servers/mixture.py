"""A mixture of calls as several tenants would send them: every kind of model, status and usage."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

from tests.factories.calls import START, a_record

TENANTS = ("acme", "globex", 'Müller & "Söhne"', "back\\slash", "other")
_MODELS = (
    ("openai", "gpt-4o-mini"),
    ("openai", "gpt-4o"),
    ("anthropic", "claude-sonnet-4-5"),
    ("gcp.gemini", "gemini-2.5-flash"),
    ("in-house", "house-llm"),
)
_ERRORS = ("429", "timeout", "500")


def mixed_records(count: int, *, seed: int) -> list[dict[str, Any]]:
    """Records with ids of the seed's own; the same seed makes the same records."""
    random = Random(seed)
    return [_record(random, f"mixed-{seed}-{number}") for number in range(count)]


def _record(random: Random, identity: str) -> dict[str, Any]:
    provider, model = random.choice(_MODELS)
    failed = random.random() < 0.1
    record = a_record(
        id=identity,
        tenant=random.choice(TENANTS),
        started_at=(START + timedelta(seconds=random.uniform(0, 200_000))).isoformat(),
        provider=provider,
        model=model,
        feature=random.choice(("search", "summary", "")),
        status="error" if failed else "ok",
        usage=_usage(random),
        duration_seconds=random.choice((None, 0.01, 0.64, random.lognormvariate(0, 1.5), 500.0)),
        time_to_first_token_seconds=random.choice((None, random.lognormvariate(-1, 1))),
    )
    if failed:
        record |= {"error_type": random.choice(_ERRORS), "usage": None}
    return record


def _usage(random: Random) -> dict[str, int]:
    usage = {"input_tokens": random.randrange(20_000), "output_tokens": random.randrange(3_000)}
    if random.random() < 0.5:
        usage["cache_read_tokens"] = random.randrange(50_000)
    if random.random() < 0.3:
        usage["reasoning_tokens"] = random.randrange(5_000)
    return usage
