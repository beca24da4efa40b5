"""The price book of one process: which rate card applies to a call, remembered by day."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, time, timedelta
from enum import Enum
from typing import Any, NamedTuple
from uuid import UUID

from ledger.domain.calls import ERROR, Call, Cost
from ledger.pricing.catalog import UnknownPrice, depends_on_time_of_day, find_model
from ledger.pricing.charging import MODEL_UNKNOWN, agreed_card, listed_card
from ledger.pricing.contracts import ContractPrice, Contracts, context_of
from ledger.pricing.cost import Tariff
from ledger.pricing.exchange import ExchangeRates
from ledger.pricing.rates import RateCard

_MAX_REMEMBERED = 50_000

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
_AgreedKey = tuple[str, str, str, str | None, str, str, int]
_Entry = Tariff | str
"""What a call is priced by, or the reason why it cannot be."""

_DAY = timedelta(days=1)


class _Unsettled(Enum):
    BY_CATALOG = "no price of one's own is in force: the catalog's is"


class _Day(NamedTuple):
    """A day on which prices of one's own begin or end."""

    starts: list[datetime]
    entries: list[_AgreedEntry]

    def at(self, moment: datetime) -> _AgreedEntry:
        return self.entries[bisect_right(self.starts, moment) - 1]


_AgreedEntry = Tariff | str | ContractPrice | _Unsettled
"""A price of one's own that depends on the time of day stands for itself."""

_NO_CONTRACTS = Contracts()
_NO_EXCHANGE_RATES = ExchangeRates()


class PriceBook:
    """Prices calls and collects the versions it used, to be recorded before booking."""

    def __init__(
        self,
        contracts: Contracts = _NO_CONTRACTS,
        exchange_rates: ExchangeRates = _NO_EXCHANGE_RATES,
        recorded: Iterable[UUID] = (),
    ) -> None:
        """`recorded` are versions that are known to stand in the ledger."""
        self._contracts = contracts
        self._has_contracts = bool(contracts)
        self._exchange_rates = exchange_rates
        self._entries: dict[_Key, _Entry] = {}
        self._agreed_entries: dict[_AgreedKey, _AgreedEntry | _Day] = {}
        self._recorded = set(recorded)
        self._unrecorded: dict[UUID, RateCard] = {}

    @property
    def unrecorded(self) -> list[RateCard]:
        """Versions that were used and are not known to stand in the ledger."""
        return list(self._unrecorded.values())

    @property
    def recorded(self) -> set[UUID]:
        """Versions that are known to stand in the ledger."""
        return set(self._recorded)

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
        entry = self.tariff(call)
        if isinstance(entry, str):
            return Cost("unpriced", None, entry)
        return entry.cost(call.usage)

    def tariff(self, call: Call) -> Tariff | str:
        """What a call is priced by if it is charged at all, or the reason why there is nothing."""
        entry = self._entry(call, call.model)
        if entry == MODEL_UNKNOWN and call.request_model:
            return self._entry(call, call.request_model)
        return entry

    def _entry(self, call: Call, model: str) -> _Entry:
        if self._has_contracts:
            prices = self._contracts.concerning(call.tenant, call.provider, model)
            if prices:
                return self._agreed(prices, call, model)
        return self._listed(call.provider, model, call.service_tier, call.started_at)

    def _listed(self, provider: str, model: str, tier: str | None, at: datetime) -> _Entry:
        key = (provider, model, tier, at.toordinal())
        entry = self._entries.get(key)
        if entry is not None:
            return entry
        found = find_model(provider, model)
        entry = self._made(lambda: listed_card(provider, model, tier, at))
        if found is None or isinstance(entry, str) or not depends_on_time_of_day(found[1]):
            _remember(self._entries, key, entry)
        return entry

    def _agreed(self, prices: Sequence[ContractPrice], call: Call, model: str) -> _Entry:
        at = call.started_at
        key = (
            call.tenant,
            call.provider,
            model,
            call.service_tier,
            call.region,
            call.operation,
            at.toordinal(),
        )
        entry = self._agreed_entries.get(key)
        if entry is None:
            entry = self._of_day(prices, call, model)
            _remember(self._agreed_entries, key, entry)
        if isinstance(entry, _Day):
            entry = entry.at(at)
        if isinstance(entry, ContractPrice):
            return self._charged(entry, call, model, at)
        if isinstance(entry, _Unsettled):
            return self._listed(call.provider, model, call.service_tier, at)
        return entry

    def _of_day(
        self, prices: Sequence[ContractPrice], call: Call, model: str
    ) -> _AgreedEntry | _Day:
        context = context_of(call)
        matching = [price for price in prices if price.matches(context)]
        begin = datetime.combine(call.started_at.date(), time(), call.started_at.tzinfo)
        changes = {
            moment
            for price in matching
            for moment in (price.valid_from, price.valid_to)
            if moment is not None and begin < moment < begin + _DAY
        }
        starts = [begin, *sorted(changes)]
        entries = [self._of_moment(matching, call, model, moment) for moment in starts]
        return entries[0] if len(entries) == 1 else _Day(starts, entries)

    def _of_moment(
        self, matching: Sequence[ContractPrice], call: Call, model: str, at: datetime
    ) -> _AgreedEntry:
        price = next((price for price in matching if price.holds_at(at)), None)
        if price is None:
            return _Unsettled.BY_CATALOG
        if price.factor is not None:
            found = find_model(call.provider, model)
            if found is not None and depends_on_time_of_day(found[1]):
                return price
        return self._charged(price, call, model, at)

    def _charged(self, price: ContractPrice, call: Call, model: str, at: datetime) -> _Entry:
        return self._made(
            lambda: agreed_card(
                price, call.provider, model, call.service_tier, at, self._exchange_rates
            )
        )

    def _made(self, card_of: Callable[[], RateCard]) -> _Entry:
        try:
            card = card_of()
        except UnknownPrice as unknown:
            return str(unknown)
        entry = Tariff(card)
        if entry.version not in self._recorded:
            self._unrecorded[entry.version] = card
        return entry


def _remember(entries: dict[Any, Any], key: Any, entry: object) -> None:
    if len(entries) >= _MAX_REMEMBERED:
        entries.clear()
    entries[key] = entry


def is_refused_by_provider(error_type: str | None) -> bool:
    """Whether the provider turned the request away (4xx, 429), which nobody charges for.

    499 is no refusal: it says that the client went away while the provider was at work.
    """
    if error_type is None or error_type == _CLIENT_WENT_AWAY:
        return False
    name = error_type.rpartition(".")[2]
    return name in REFUSALS or (len(name) == 3 and name.startswith("4") and name.isdigit())
