"""The price book of one process: which rate card applies to a call, remembered by day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from ledger.domain.calls import ERROR, Call, Cost
from ledger.pricing.catalog import UnknownPrice, depends_on_time_of_day, find_model, rate_card
from ledger.pricing.cost import Tariff
from ledger.pricing.rates import RateCard

_MAX_REMEMBERED = 50_000

_MODEL_UNKNOWN = "model_unknown"
_CLIENT_WENT_AWAY = "499"

REFUSALS = frozenset(
    (
        "AuthenticationError",
        "BadRequestError",
        "ConflictError",
        "ContentPolicyViolationError",
        "ContextWindowExceededError",
        "NotFoundError",
        "PermissionDeniedError",
        "RateLimitError",
        "UnprocessableEntityError",
        "authentication_error",
        "billing_error",
        "invalid_request_error",
        "not_found_error",
        "permission_error",
        "rate_limit",
        "rate_limit_error",
        "rate_limit_exceeded",
        "request_too_large",
    )
)
"""Names of 4xx answers: exceptions of the OpenAI, Anthropic and LiteLLM SDKs, and error types."""

_Key = tuple[str, str, str | None, int]
_Entry = Tariff | str


class PriceBook:
    """Prices calls and collects the versions it used, to be recorded before booking."""

    def __init__(self) -> None:
        self._entries: dict[_Key, _Entry] = {}
        self._recorded: set[UUID] = set()
        self._unrecorded: dict[UUID, RateCard] = {}

    @property
    def unrecorded(self) -> list[RateCard]:
        """Versions that were used and are not known to stand in the ledger."""
        return list(self._unrecorded.values())

    def mark_recorded(self, cards: Iterable[RateCard]) -> None:
        """Remember that these versions stand in the ledger."""
        for card in cards:
            self._recorded.add(card.version)
            self._unrecorded.pop(card.version, None)

    def price(self, call: Call) -> Cost:
        """Cost of a call at the prices in force when it started, or unpriced with a reason."""
        if call.cache_hit:
            return Cost("priced", 0, "answered_from_cache")
        if call.status == ERROR:
            if is_refused_by_provider(call.error_type):
                return Cost("priced", 0, "refused_by_provider")
            if not call.usage.is_known:
                return Cost("unpriced", None, "usage_unknown")
        entry: _Entry = _MODEL_UNKNOWN
        for model in (call.model, call.request_model):
            if model and entry == _MODEL_UNKNOWN:
                entry = self._entry(call.provider, model, call.service_tier, call.started_at)
        if isinstance(entry, str):
            return Cost("unpriced", None, entry)
        return entry.cost(call.usage)

    def _entry(self, provider: str, model: str, tier: str | None, at: datetime) -> _Entry:
        key = (provider, model, tier, at.toordinal())
        entry = self._entries.get(key)
        if entry is not None:
            return entry
        return self._look_up(key, at)

    def _look_up(self, key: _Key, at: datetime) -> _Entry:
        provider, model, tier, _ = key
        found = find_model(provider, model)
        if found is None:
            return self._remember(key, _MODEL_UNKNOWN)
        try:
            card = rate_card(*found, tier, at)
        except UnknownPrice as unknown:
            return self._remember(key, str(unknown))
        entry = Tariff(card)
        if entry.version not in self._recorded:
            self._unrecorded[entry.version] = card
        if depends_on_time_of_day(found[1]):
            return entry
        return self._remember(key, entry)

    def _remember(self, key: _Key, entry: _Entry) -> _Entry:
        if len(self._entries) >= _MAX_REMEMBERED:
            self._entries.clear()
        self._entries[key] = entry
        return entry


def is_refused_by_provider(error_type: str | None) -> bool:
    """Whether the provider turned the request away (4xx, 429), which nobody charges for.

    499 is no refusal: it says that the client went away while the provider was at work.
    """
    if error_type is None or error_type == _CLIENT_WENT_AWAY:
        return False
    name = error_type.rpartition(".")[2]
    return name in REFUSALS or (len(name) == 3 and name.startswith("4") and name.isdigit())
