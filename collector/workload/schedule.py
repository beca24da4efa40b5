"""When the demo's calls happen: the same calls in the same hour, whoever asks and whenever.

Each hour of each customer is drawn from a random generator seeded by both, so any hour can be made
again, alone and in any order. Sending an hour twice therefore books nothing twice.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from collector.workload.azure_fit import CODE, CONVERSATION, SHARES
from collector.workload.cast import CALLS_A_DAY, CUSTOMERS, MODELS, TOTAL_WEIGHT, Customer, Feature

_SEED = "tollbook-demo-1"
_MINUTES = 60
_RATE_LIMITED_SHARE = 0.006
_FAILED_SHARE = 0.001
_OUTAGE_SHARE = 0.35
_DAYS_BETWEEN_OUTAGES = 9
_UNKNOWN_TIER_CUSTOMER = "umbra-security"
_WEEKEND_FACTOR = 0.32
_WEEKDAY_FACTOR = (7 - 2 * _WEEKEND_FACTOR) / 5


class ScheduledCall(msgspec.Struct, frozen=True):
    """A call and when it is over, which is when its sender reports it."""

    ended_at: datetime
    record: dict[str, Any]


def calls_of_hour(hour: datetime) -> list[ScheduledCall]:
    """All calls that start in the hour beginning at `hour` (aware, on the hour), by their end."""
    calls = [call for customer in CUSTOMERS for call in _calls_of_customer(customer, hour)]
    calls.sort(key=lambda call: call.ended_at)
    return calls


def _calls_of_customer(customer: Customer, hour: datetime) -> Iterator[ScheduledCall]:
    random = Random(f"{_SEED}/{customer.name}/{hour:%Y%m%d%H}")
    expected = CALLS_A_DAY / 24 * customer.weight / TOTAL_WEIGHT * _rhythm(customer, hour)
    # The two traces' unevenness, mixed as the features mix their shapes.
    burstiness = (CODE.burstiness + CONVERSATION.burstiness) / 2
    weights = [random.gammavariate(1 / burstiness, burstiness) for _ in range(_MINUTES)]
    number = _poisson(random, expected * sum(weights) / _MINUTES)
    for minute in random.choices(range(_MINUTES), weights, k=number):
        started_at = hour + timedelta(minutes=minute, microseconds=random.randrange(60_000_000))
        yield _call(random, customer, started_at)


def _rhythm(customer: Customer, hour: datetime) -> float:
    """Activity of the hour against the average: offices fill by day and empty at the weekend."""
    local = hour.astimezone(ZoneInfo(customer.time_zone))
    daily = 1 + 0.85 * math.cos((local.hour - 14) / 24 * 2 * math.pi)
    return daily * (_WEEKEND_FACTOR if local.weekday() >= 5 else _WEEKDAY_FACTOR)


def _poisson(random: Random, mean: float) -> int:
    """A Poisson draw; by its normal approximation where counting would take long."""
    if mean > 50:
        return max(0, round(random.gauss(mean, math.sqrt(mean))))
    limit, product, number = math.exp(-mean), random.random(), 0
    while product > limit:
        product *= random.random()
        number += 1
    return number


def _call(random: Random, customer: Customer, started_at: datetime) -> ScheduledCall:
    feature = customer.features[min(int(random.expovariate(0.7)), len(customer.features) - 1)]
    names, shares = zip(*feature.models, strict=True)
    model = MODELS[random.choices(names, shares)[0]]
    record: dict[str, Any] = {
        "tenant": customer.name,
        "id": f"demo-{random.getrandbits(80):020x}",
        "started_at": started_at,
        "provider": model.provider,
        "model": model.name,
        "operation": feature.operation,
        "feature": feature.name,
        "service": "assistant-api" if feature.operation == "chat" else "indexer",
        "environment": "staging" if random.random() < 0.03 else "production",
        "region": "eu-central-1" if "Europe" in customer.time_zone else "us-east-1",
        "prompt_name": feature.name,
        "prompt_version": f"v{started_at.toordinal() // 12 % 50}",
        "user": f"user-{int(random.paretovariate(1.1)) % 400}",
    }
    error = _error(random, model.provider, started_at)
    if error is not None:
        seconds = 0.12 if error == "429" else random.uniform(4, 30)
        record |= {"status": "error", "error_type": error, "duration_seconds": round(seconds, 6)}
        return ScheduledCall(started_at + timedelta(seconds=seconds), record)
    record["usage"] = usage = _usage(random, feature)
    first = model.first_token_seconds * random.lognormvariate(0, 0.35)
    seconds = first + (
        usage.get("output_tokens", 0) / model.output_tokens_a_second * random.lognormvariate(0, 0.2)
        if model.output_tokens_a_second
        else 0.0
    )
    record["duration_seconds"] = round(seconds, 6)
    if feature.operation == "chat":
        record["time_to_first_token_seconds"] = round(first, 6)
    if customer.name == _UNKNOWN_TIER_CUSTOMER and random.random() < 0.05:
        record["service_tier"] = "scale"
    return ScheduledCall(started_at + timedelta(seconds=seconds), record)


def _usage(random: Random, feature: Feature) -> dict[str, int]:
    total_input = max(1, round(_draw(random, feature.shape.input_tokens) * feature.input_factor))
    if feature.operation != "chat":
        return {"input_tokens": total_input}
    cached = 0
    if total_input > 1024 and random.random() < 0.8:
        cached = round(total_input * feature.cached_share)
    return {
        "input_tokens": total_input - cached,
        "cache_read_tokens": cached,
        "output_tokens": round(_draw(random, feature.shape.output_tokens)),
    }


def _draw(random: Random, quantiles: tuple[int, ...]) -> float:
    """A value whose distribution has these quantiles at SHARES, log-linear in between."""
    share = random.random()
    upper = next(i for i, bound in enumerate(SHARES) if share < bound)
    low, high = quantiles[upper - 1], quantiles[upper]
    part = (share - SHARES[upper - 1]) / (SHARES[upper] - SHARES[upper - 1])
    return math.exp(math.log(low) + part * (math.log(high) - math.log(low)))


def _error(random: Random, provider: str, started_at: datetime) -> str | None:
    if _is_outage(provider, started_at) and random.random() < _OUTAGE_SHARE:
        return "503"
    draw = random.random()
    if draw < _RATE_LIMITED_SHARE:
        return "429"
    if draw < _RATE_LIMITED_SHARE + _FAILED_SHARE:
        return "timeout"
    return None


def _is_outage(provider: str, at: datetime) -> bool:
    """Now and then a provider has a bad hour."""
    day = Random(f"{_SEED}/{provider}/{at:%Y%m%d}")
    return day.random() < 1 / _DAYS_BETWEEN_OUTAGES and at.hour == day.randrange(8, 20)


def hours_between(start: datetime, end: datetime) -> Iterator[datetime]:
    """The hours that touch [start, end), each by its beginning (UTC)."""
    hour = start.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    while hour < end:
        yield hour
        hour += timedelta(hours=1)
