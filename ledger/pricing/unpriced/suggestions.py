"""What a call without a price may have meant: names that are near to its own, never taken by us."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from genai_prices.data_snapshot import get_snapshot

from ledger.pricing.catalog import MAKERS, catalog_generation, find_model, find_provider

_MOST = 5
_NEAR = 0.6
_LISTED, _TAKEN_OVER = 1.5, 1.2
"""The same name is likelier than any similar one, most of all where the catalog lists it."""
_DATE = re.compile(r"-(20\d{2}-\d{2}-\d{2}|20\d{6}|latest|\d{4})$")
_SAME_BUT_FOR_DATE = 0.99
_SEPARATORS = re.compile(r"[^a-z0-9]+")


class Suggestion(NamedTuple):
    """A model that has a price, and why it may be the one."""

    provider: str
    model: str
    reason: str


class Known(NamedTuple):
    """A model that somebody gave a price or a name."""

    provider: str
    model: str
    what: str
    """In a sentence: "a price of yours", "an alias of yours"."""


def suggestions(provider: str, model: str, own: Iterable[Known] = ()) -> list[Suggestion]:
    """The likely matches for a model that is not known, the likeliest first."""
    ranked: dict[tuple[str, str], tuple[float, str]] = {}
    found = chain(_own(model, own), _elsewhere(provider, model), _near(provider, model))
    for likeness, one, why in found:
        if likeness > ranked.get(one, (0.0, ""))[0]:
            ranked[one] = (likeness, why)
    order = sorted(ranked.items(), key=lambda item: (-item[1][0], item[0][0] not in MAKERS, item))
    return [Suggestion(*one, why) for one, (_, why) in order[:_MOST]]


_Likely = tuple[float, tuple[str, str], str]


def _own(model: str, own: Iterable[Known]) -> Iterator[_Likely]:
    for known in own:
        likeness = _likeness(model, known.model)
        if likeness >= _NEAR:
            yield likeness, (known.provider, known.model), f"{known.what} with a similar name"


def _elsewhere(provider: str, model: str) -> Iterator[_Likely]:
    """Who else serves a model of exactly this name."""
    here = find_provider(provider)
    for other in get_snapshot().providers:
        if (here is None or other.id != here.id) and find_model(other.id, model) is not None:
            own = any(one.is_match(model) for one in other.models)
            yield (
                1.5 if own else 1.2,
                (other.id, model),
                f"{other.name} serves a model of this name",
            )


def _near(provider: str, model: str) -> Iterator[_Likely]:
    """Models of the provider; of all others where the provider is not known."""
    here = find_provider(provider)
    for one, name in _listed("" if here is None else here.id, catalog_generation()):
        likeness = _likeness(model, name)
        if likeness >= _NEAR:
            yield likeness, (one, name), "a similar name in the catalog"


@lru_cache(maxsize=64)
def _listed(provider: str, _generation: int) -> tuple[tuple[str, str], ...]:
    return tuple(
        (one.id, model.id)
        for one in get_snapshot().providers
        if not provider or one.id == provider
        for model in one.models
    )


def _likeness(sent: str, known: str) -> float:
    """From 0 to 1: alike in their parts, however those are separated, with a date or without."""
    sent, known = _plain(sent), _plain(known)
    undated = _DATE.sub("", sent)
    if undated == known:
        return _SAME_BUT_FOR_DATE
    matcher = SequenceMatcher(a=sent, b=known, autojunk=False)
    if matcher.real_quick_ratio() < _NEAR or matcher.quick_ratio() < _NEAR:
        return 0.0
    return matcher.ratio()


def _plain(name: str) -> str:
    return _SEPARATORS.sub("-", name.lower())
