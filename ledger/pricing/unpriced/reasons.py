"""Why a call has no price, or costs nothing, in words for those who can change it."""

from __future__ import annotations

_ADVICE = {
    "answered_from_cache": "it was answered from a cache of the sender's, which costs nothing",
    "refused_by_provider": "the provider refused it, and charges nothing for that",
    "model_unknown": "say what the name stands for (tollbook aliases set), or what the model costs"
    " (tollbook prices set)",
    "service_tier_unknown": "set a price whose context names the service tier, or `*` for any",
    "usage_unknown": "the sender reported no tokens; have it send usage",
    "input_tokens_unknown": "the sender reported no input tokens; have it send usage",
    "output_tokens_unknown": "the sender reported no output tokens; have it send usage",
    "model_without_token_prices": "set a price per request, or per million tokens",
    "cost_out_of_range": "look at the token counts: this is beyond nine million dollars",
}
_ADVICE_BY_START = {
    "no_rate_for_": "set a price of your own that has a rate for this token type",
    "no_exchange_rate_for_": "add an exchange rate of the day of the call, or of the seven before"
    " (tollbook prices rate)",
}

USAGE_MISSING = frozenset(("usage_unknown", "input_tokens_unknown", "output_tokens_unknown"))
"""Reasons that no price can remove."""


def advice_for(reason: str | None) -> str | None:
    """What can be done about a reason, or what it means; None where there is none."""
    if reason is None:
        return None
    for start, advice in _ADVICE_BY_START.items():
        if reason.startswith(start):
            return advice
    return _ADVICE.get(reason)
