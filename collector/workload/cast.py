"""The cast of the demo: forty invented customers, very unequal, eight features, eight models."""

from __future__ import annotations

from typing import NamedTuple

from collector.workload.azure_fit import CODE, CONVERSATION, TraceFit

CALLS_A_DAY = 10_000
"""Over all customers, on average: 300,000 in thirty days."""


class Model(NamedTuple):
    """A model as the demo's products use it; latencies are plausible, not measured."""

    provider: str
    name: str
    first_token_seconds: float
    output_tokens_a_second: float


class Feature(NamedTuple):
    """A feature of the product: its traffic's shape and which models serve it in which shares."""

    name: str
    shape: TraceFit
    input_factor: float
    cached_share: float
    """Part of the input that the provider reads from its cache."""
    models: tuple[tuple[str, float], ...]
    operation: str = "chat"


class Customer(NamedTuple):
    """A tenant of the product."""

    name: str
    weight: float
    time_zone: str
    features: tuple[Feature, ...]


MODELS: dict[str, Model] = {
    model.name: model
    for model in (
        Model("openai", "gpt-5.4", 0.62, 74),
        Model("openai", "gpt-5.4-mini", 0.35, 128),
        Model("openai", "text-embedding-3-small", 0.09, 0),
        Model("anthropic", "claude-sonnet-5-5", 0.78, 68),
        Model("anthropic", "claude-haiku-5-5", 0.31, 142),
        Model("gcp.gemini", "gemini-3.1-pro-preview", 1.10, 88),
        Model("gcp.gemini", "gemini-3.8-flash", 0.29, 190),
        Model("mistral_ai", "mistral-medium-3-5", 0.41, 96),
    )
}

FEATURES: tuple[Feature, ...] = (
    Feature(
        "support-chat", CONVERSATION, 1.0, 0.45,
        (("gpt-5.4-mini", 0.5), ("claude-haiku-5-5", 0.3), ("gpt-5.4", 0.2)),
    ),
    Feature(
        "search-answers", CONVERSATION, 2.4, 0.15,
        (("gemini-3.8-flash", 0.7), ("gpt-5.4-mini", 0.3)),
    ),
    Feature(
        "code-review", CODE, 2.0, 0.35,
        (("claude-sonnet-5-5", 0.7), ("gpt-5.4", 0.3)),
    ),
    Feature(
        "code-completion", CODE, 1.0, 0.55,
        (("claude-haiku-5-5", 0.4), ("gpt-5.4-mini", 0.4), ("mistral-medium-3-5", 0.2)),
    ),
    Feature(
        "document-summary", CONVERSATION, 5.0, 0.05,
        (("gemini-3.1-pro-preview", 0.45), ("claude-sonnet-5-5", 0.35), ("gemini-3.8-flash", 0.2)),
    ),
    Feature(
        "email-drafts", CONVERSATION, 0.7, 0.2,
        (("gpt-5.4-mini", 0.6), ("mistral-medium-3-5", 0.4)),
    ),
    Feature(
        "data-extraction", CODE, 1.6, 0.1,
        (("gemini-3.8-flash", 0.6), ("gpt-5.4-mini", 0.25), ("mistral-medium-3-5", 0.15)),
    ),
    Feature(
        "semantic-index", CODE, 0.5, 0.0, (("text-embedding-3-small", 1.0),), "embeddings",
    ),
)  # fmt: skip

_NAMES = (
    "northwind-bank", "harbor-insurance", "brightline-travel", "copperleaf-retail",
    "ostrava-logistics", "meridian-health", "quillmark-legal", "saffron-foods",
    "tessellate-games", "umbra-security", "velvet-hotels", "windmere-energy",
    "alder-and-ash", "basalt-mining", "cobalt-robotics", "dovetail-hr", "ember-studios",
    "fennel-grocers", "gable-homes", "hollow-tree-books", "inkwell-press", "juniper-clinics",
    "kestrel-air", "lumen-optics", "marlow-motors", "nimbus-weather", "orchard-schools",
    "pinegrove-parks", "quarry-stone", "ripple-music", "sundial-solar", "thistle-apparel",
    "upland-farms", "vesper-theatre", "willow-vet", "xenia-florist", "yarrow-pharmacy",
    "zephyr-sailing", "little-lighthouse", "one-person-consulting",
)  # fmt: skip
_ZONES = ("America/New_York", "Europe/Berlin", "Europe/London", "Asia/Tokyo", "Asia/Kolkata")
_SKEW = 1.25

CUSTOMERS: tuple[Customer, ...] = tuple(
    Customer(
        name,
        weight=1 / (rank + 1) ** _SKEW,
        time_zone=_ZONES[rank * 7 % len(_ZONES)],
        features=tuple(
            FEATURES[(rank * 3 + step * 5) % len(FEATURES)] for step in range(max(1, 8 - rank // 4))
        ),
    )
    for rank, name in enumerate(_NAMES)
)
TOTAL_WEIGHT = sum(customer.weight for customer in CUSTOMERS)
