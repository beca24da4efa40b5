"""Gemini's usage metadata, of the Gemini API and Vertex AI: generateContent, Live, Interactions.

The prompt includes what came from a cache. What tools put into it stands beside the prompt, and
thoughts beside the candidates. Lists tell how much of each was audio or images; what tokens of a
cache were made of only keeps them from being counted twice.
"""

from __future__ import annotations

import re

from ledger.domain.usage import Usage, usage_from_inclusive
from ledger.pricing.usages.openai import fresh
from ledger.pricing.usages.told import Told, total

_WORD = re.compile("(?<=[a-z])(?=[A-Z])")


def _both_ways(*names: str) -> tuple[str, ...]:
    """The names as REST writes them and as the SDKs do."""
    return tuple(form for name in names for form in (name, _WORD.sub("_", name).lower()))


_PROMPT = _both_ways("promptTokenCount", "totalInputTokens")
_TOOLS = _both_ways("toolUsePromptTokenCount", "totalToolUseTokens")
_CACHED = _both_ways("cachedContentTokenCount", "totalCachedTokens")
_ANSWER = _both_ways("candidatesTokenCount", "responseTokenCount", "totalOutputTokens")
_THOUGHTS = _both_ways("thoughtsTokenCount", "totalThoughtTokens")

_PROMPT_KINDS = _both_ways("promptTokensDetails", "inputTokensByModality")
_TOOLS_KINDS = _both_ways("toolUsePromptTokensDetails", "toolUseTokensByModality")
_CACHED_KINDS = _both_ways("cacheTokensDetails", "cachedTokensByModality")
_ANSWER_KINDS = _both_ways(
    "candidatesTokensDetails", "responseTokensDetails", "outputTokensByModality"
)
_ENTRY_COUNT = ("tokenCount", "token_count", "tokens")

SIGNS = frozenset((*_PROMPT, *_TOOLS, *_CACHED, *_ANSWER, *_THOUGHTS))


def usage(told: Told) -> Usage:
    """Disjoint counts. Raises InvalidRecord naming a count that is none."""
    prompt, answer = told.count(*_PROMPT), told.count(*_ANSWER)
    thoughts = told.count(*_THOUGHTS)
    return usage_from_inclusive(
        input_tokens=None if prompt is None else total(prompt, told.count(*_TOOLS)),
        cache_read=told.count(*_CACHED),
        input_audio=_fed(told, "audio"),
        input_image=_fed(told, "image"),
        output_tokens=None if answer is None else total(answer, thoughts),
        reasoning=thoughts,
        output_audio=_of_kind(told, _ANSWER_KINDS, "audio"),
        output_image=_of_kind(told, _ANSWER_KINDS, "image"),
    )


def _fed(told: Told, kind: str) -> int | None:
    """Tokens of one kind that the model was given afresh."""
    given = _of_kind(told, (*_PROMPT_KINDS, *_TOOLS_KINDS), kind)
    return fresh(given, _of_kind(told, _CACHED_KINDS, kind))


def _of_kind(told: Told, lists: tuple[str, ...], kind: str) -> int | None:
    return total(
        *(
            entry.count(*_ENTRY_COUNT)
            for entry in told.entries(*lists)
            if entry.text("modality") == kind
        )
    )
