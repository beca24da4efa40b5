"""Models that somebody trained or deployed for themselves: no list price is theirs."""

from __future__ import annotations

import re

_BEDROCK_ARN = re.compile(r"arn:aws[a-z-]*:bedrock:[a-z0-9-]*:[0-9]*:(?P<kind>[a-z-]+)/(?P<id>.+)")
_LISTED_KINDS = ("foundation-model", "inference-profile")
_VERTEX_ENDPOINT = re.compile(r"(projects/[^/]+/locations/[^/]+/)?endpoints/.+")


def bedrock_model_of(model: str) -> str | None:
    """Amazon's model id in the ARN of a foundation model or a system's inference profile."""
    match = _BEDROCK_ARN.fullmatch(model)
    return match["id"] if match and match["kind"] in _LISTED_KINDS else None


def is_bedrock_arn(model: str) -> bool:
    """Whether a model is named by a Bedrock ARN of any kind."""
    return _BEDROCK_ARN.fullmatch(model) is not None


def is_own_model(model: str) -> bool:
    """Whether the name is of somebody's own model, though a listed one may be named in it.

    Custom, provisioned and imported models of Bedrock, application inference profiles, tuned
    models of Gemini and endpoints of Vertex AI.
    """
    if model.startswith("arn:"):
        return bedrock_model_of(model) is None
    return model.startswith("tunedModels/") or _VERTEX_ENDPOINT.fullmatch(model) is not None
