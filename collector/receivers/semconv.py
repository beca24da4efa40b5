"""Names of attributes, and in which order they are asked for each field of a call.

GenAI names: OpenTelemetry GenAI semantic conventions (status: development), current and previous;
OpenInference names: its specification; `tollbook.*`: ours.
"""

from __future__ import annotations

TENANT = ("tollbook.tenant", "tenant.id")
TAG_PREFIX = "tollbook.tags."

SHARED_FIELDS: dict[str, tuple[str, ...]] = {
    "feature": ("tollbook.feature",),
    "service": ("tollbook.service", "service.name"),
    "environment": (
        "tollbook.environment",
        "deployment.environment.name",
        "deployment.environment",
    ),
    "region": ("tollbook.region", "cloud.region"),
    "user": ("tollbook.user", "user.id", "enduser.id", "gen_ai.user"),
    "session": ("tollbook.session", "session.id", "gen_ai.conversation.id"),
    "prompt_name": ("tollbook.prompt_name", "gen_ai.prompt.name"),
    "prompt_version": ("tollbook.prompt_version", "gen_ai.prompt.version"),
    "service_tier": (
        "tollbook.service_tier",
        "openai.response.service_tier",
        "gen_ai.openai.response.service_tier",
        "gen_ai.response.service_tier",
    ),
    "operation_id": ("tollbook.operation_id",),
    "reservation_id": ("tollbook.reservation_id",),
    "response_id": ("tollbook.response_id", "gen_ai.response.id"),
    "verdict": ("tollbook.verdict",),
}
"""Texts that a span or its resource may carry in any dialect."""

ID = "tollbook.id"
PROVIDER = "tollbook.provider"
MODEL = "tollbook.model"
OPERATION = "tollbook.operation"
ATTEMPT = "tollbook.attempt"
CACHE_HIT = "tollbook.cache_hit"
REPORTED_COST = ("tollbook.reported_cost_usd", "gen_ai.usage.cost", "llm.cost.total")
ERROR_TYPE = ("tollbook.error_type", "error.type")

EXCEPTION_TYPE = "exception.type"
"""Attribute of an event that tells of an exception."""

GENAI_OPERATION = "gen_ai.operation.name"
GENAI_PREVIOUS_OPERATION = "llm.request.type"
GENAI_PROVIDER = ("gen_ai.provider.name", "gen_ai.system")
GENAI_REQUEST_MODEL = "gen_ai.request.model"
GENAI_RESPONSE_MODEL = "gen_ai.response.model"
GENAI_TIME_TO_FIRST_CHUNK = "gen_ai.response.time_to_first_chunk"
GENAI_USAGE: dict[str, tuple[str, ...]] = {
    "input_tokens": ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
    "output_tokens": ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
    "cache_read": (
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.cache_read_input_tokens",
    ),
    "cache_write": (
        "gen_ai.usage.cache_write.input_tokens",
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_creation_input_tokens",
    ),
    "cache_write_1h": ("anthropic.usage.cache_creation.ephemeral_1h_input_tokens",),
    "reasoning": ("gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens"),
    "input_audio": ("gen_ai.usage.audio.input_tokens",),
    "output_audio": ("gen_ai.usage.audio.output_tokens",),
    "input_image": ("gen_ai.usage.image.input_tokens",),
    "output_image": ("gen_ai.usage.image.output_tokens",),
}
GENAI_OPERATIONS_WITHOUT_A_CALL = frozenset(
    (
        "create_agent",
        "execute_tool",
        "invoke_agent",
        "invoke_workflow",
        "plan",
        "retrieval",
    )
)
"""Operations around calls; the calls they make have spans of their own."""

OPENINFERENCE_KIND = "openinference.span.kind"
OPENINFERENCE_CALLS: dict[str, str] = {"LLM": "chat", "EMBEDDING": "embeddings"}
OPENINFERENCE_PROVIDER = ("llm.provider", "llm.system")
OPENINFERENCE_MODEL = ("llm.model_name", "embedding.model_name")
OPENINFERENCE_PARAMETERS = "llm.invocation_parameters"
"""JSON of how the model was asked; the only place of its name when the call failed."""
OPENINFERENCE_FIRST_TOKEN_EVENT = "First Token Stream Event"  # noqa: S105 - an event's name
OPENINFERENCE_USAGE: dict[str, tuple[str, ...]] = {
    "input_tokens": ("llm.token_count.prompt",),
    "output_tokens": ("llm.token_count.completion",),
    "cache_read": (
        "llm.token_count.prompt_details.cache_read",
        "llm.token_count.prompt_details.cache_input",
    ),
    "cache_write": ("llm.token_count.prompt_details.cache_write",),
    "reasoning": ("llm.token_count.completion_details.reasoning",),
    "input_audio": ("llm.token_count.prompt_details.audio",),
    "output_audio": ("llm.token_count.completion_details.audio",),
}

WANTED = frozenset(
    (
        *TENANT, ID, PROVIDER, MODEL, OPERATION, ATTEMPT, CACHE_HIT, *REPORTED_COST, *ERROR_TYPE,
        GENAI_OPERATION, GENAI_PREVIOUS_OPERATION, *GENAI_PROVIDER, GENAI_REQUEST_MODEL,
        GENAI_RESPONSE_MODEL, GENAI_TIME_TO_FIRST_CHUNK, OPENINFERENCE_KIND,
        *OPENINFERENCE_PROVIDER, *OPENINFERENCE_MODEL, OPENINFERENCE_PARAMETERS,
        *(name for table in (SHARED_FIELDS, GENAI_USAGE, OPENINFERENCE_USAGE)
          for names in table.values() for name in names),
    )
)  # fmt: skip


PER_CALL_FIELDS = ("user", "session", "operation_id", "reservation_id", "response_id")
"""Shared fields that calls differ in which are alike otherwise."""

DIFFERENT_EACH_TIME = frozenset(
    (
        ID, *REPORTED_COST, GENAI_TIME_TO_FIRST_CHUNK, OPENINFERENCE_PARAMETERS,
        *(name for field in PER_CALL_FIELDS for name in SHARED_FIELDS[field]),
    )
)  # fmt: skip
"""Attributes whose values hardly repeat: remembering them would be of no use."""

VARYING = DIFFERENT_EACH_TIME | frozenset(
    name
    for table in (GENAI_USAGE, OPENINFERENCE_USAGE)
    for names in table.values()
    for name in names
)
"""Attributes that say nothing of what kind of call it is."""
