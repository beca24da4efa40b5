"""Other names of models: an Azure deployment, an inference profile, a fine-tune, a house name."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import msgspec

from ledger.domain.calls import UNKNOWN_MODEL, Call
from ledger.pricing.canonical import canonical

EVERY_TENANT = "*"
ANY_PROVIDER = ""


class Alias(msgspec.Struct, frozen=True, kw_only=True):
    """What a name stands for, from a moment on."""

    tenant: str
    """`*`: every tenant."""
    provider: str
    """Empty: whichever provider the sender names."""
    alias: str
    valid_from: datetime
    target_provider: str
    """Empty: the provider stays as sent."""
    target_model: str


class _Target(NamedTuple):
    valid_from: datetime
    provider: str
    model: str


_Names = dict[tuple[str, str], list[_Target]]
"""Targets by (provider, alias), the latest first."""


class Aliases:
    """The aliases of all tenants, laid out so that a call without one costs one look-up."""

    def __init__(self, rows: Iterable[Alias] = ()) -> None:
        self._by_tenant: dict[str, _Names] = {}
        self._aliased: set[str] = set()
        for row in rows:
            names = self._by_tenant.setdefault(row.tenant, {})
            target = _Target(row.valid_from, row.target_provider, row.target_model)
            names.setdefault((row.provider, row.alias), []).append(target)
            self._aliased |= {row.alias, UNKNOWN_MODEL}
        for names in self._by_tenant.values():
            for targets in names.values():
                targets.sort(reverse=True)
        self._everywhere = self._by_tenant.pop(EVERY_TENANT, {})

    def resolve(self, call: Call) -> Call:
        """The call under the provider and model that it is priced by; itself if it needs no change.

        A tenant's alias goes before one of every tenant, one of a provider before one of any. The
        name that was sent is kept as `request_model` unless that was sent, too.
        """
        provider, model = call.provider, call.model
        if model in self._aliased:
            target = self._target(call)
            if target is not None:
                provider, model = target.provider or provider, target.model
        listed = canonical(provider, model)
        if listed is not None:
            provider, model = listed
        if model == call.model and provider == call.provider:
            return call
        return msgspec.structs.replace(
            call, provider=provider, model=model, request_model=call.request_model or call.model
        )

    def _target(self, call: Call) -> _Target | None:
        name = call.model
        if name == UNKNOWN_MODEL and call.request_model:
            name = call.request_model
        for names in (self._by_tenant.get(call.tenant, {}), self._everywhere):
            for provider in (call.provider, ANY_PROVIDER):
                for target in names.get((provider, name), ()):
                    if target.valid_from <= call.started_at:
                        return target
        return None
