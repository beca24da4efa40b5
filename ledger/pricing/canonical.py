"""Names of models as their hosts list them, out of the forms in which clients send them.

Only what is certain: a name is changed when its form says who serves the model and the catalog
knows the result. Everything else stays as it was sent.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ledger.domain.calls import UNKNOWN_PROVIDER
from ledger.pricing.catalog import (
    PROVIDER_IDS,
    catalog_generation,
    find_model,
    infer_provider,
)
from ledger.pricing.own_models import bedrock_model_of, is_bedrock_arn

BEDROCK = "aws.bedrock"
VERTEX = "gcp.vertex_ai"
GEMINI = "gcp.gemini"

_BEDROCK_ID = re.compile(
    r"((us|us-gov|eu|apac|ap|jp|au|ca|sa|global)\.)?"
    r"(ai21|amazon|anthropic|cohere|deepseek|meta|mistral|openai|qwen|writer)"
    r"\.[a-z0-9][a-z0-9.:-]*"
)
_GOOGLE_PATH = re.compile(
    r"((projects/[^/]+/locations/[^/]+/)?publishers/(google|anthropic)/)?models/(?P<id>[^/]+)"
)

HOSTS_BY_PREFIX: dict[str, str] = {
    "anthropic": "anthropic",
    "azure": "azure.ai.openai",
    "bedrock": BEDROCK,
    "gemini": GEMINI,
    "groq": "groq",
    "mistral": "mistral_ai",
    "openai": "openai",
    "openrouter": "openrouter",
    "vertex_ai": VERTEX,
    "xai": "x_ai",
}
"""What gateways put before a model to say who serves it. Makers that OpenRouter names in the same
way and others serve at other prices (deepseek/...) are left out."""

_SAY_NOTHING = frozenset((UNKNOWN_PROVIDER, "litellm", "openai"))
"""Providers that clients name whoever serves the model; the SDK of OpenAI always names itself."""

_Name = tuple[str, str]


def canonical(provider: str, model: str) -> _Name | None:
    """Provider and model under which the host lists the model; None: as they are."""
    return _canonical(provider, model, catalog_generation())


@lru_cache(maxsize=16_384)
def _canonical(provider: str, model: str, _generation: int) -> _Name | None:
    name = _of_bedrock(provider, model) or _of_google(provider, model) or _prefixed(provider, model)
    return None if name == (provider, model) else name


def _of_bedrock(provider: str, model: str) -> _Name | None:
    """Amazon's own ids; where a model runs (us., global.) stays, as the price depends on it."""
    if is_bedrock_arn(model):
        host = provider if _is_host(provider, BEDROCK) else BEDROCK
        return host, bedrock_model_of(model) or model
    match = _BEDROCK_ID.fullmatch(model)
    if match is None or not (
        provider in (UNKNOWN_PROVIDER, match[3]) or _is_inferred(provider, model)
    ):
        return None
    return _if_listed(BEDROCK, model)


def _of_google(provider: str, model: str) -> _Name | None:
    match = _GOOGLE_PATH.fullmatch(model)
    if match is None:
        return None
    if _is_host(provider, VERTEX):
        return _if_listed(provider, match["id"])
    if provider in _SAY_NOTHING or _is_inferred(provider, model):
        return _if_listed(VERTEX if match[1] else GEMINI, match["id"])
    return None


def _prefixed(provider: str, model: str) -> _Name | None:
    prefix, separator, rest = model.partition("/")
    host = HOSTS_BY_PREFIX.get(prefix)
    if not separator or host is None:
        return None
    if _is_host(provider, host):
        host = provider
    elif provider not in _SAY_NOTHING and not _is_inferred(provider, model):
        return None
    if host == BEDROCK:
        rest = bedrock_model_of(rest) or rest.removeprefix("converse/")
    return _if_listed(host, rest)


def _if_listed(provider: str, model: str) -> _Name | None:
    return None if find_model(provider, model) is None else (provider, model)


def _is_host(provider: str, host: str) -> bool:
    """Whether two names mean the same provider of the catalog."""
    name = provider.lower()
    return PROVIDER_IDS.get(name, name) == PROVIDER_IDS.get(host, host) or (
        host == BEDROCK and "bedrock" in name
    )


def _is_inferred(provider: str, model: str) -> bool:
    """Whether the provider may have been read from the model's name and not been sent."""
    return infer_provider(model) == provider
