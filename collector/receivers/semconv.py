"""Names of attributes, and in which order they are asked for each field of a call.

GenAI names: OpenTelemetry GenAI semantic conventions (status: development), current and previous;
OpenInference names: its specification; those of SDKs: what they were seen to send, as kept in
tests/golden/sdk; `tollbook.*`: ours.
"""

from __future__ import annotations

from ledger.pricing.usages import opentelemetry

TENANT = ("tollbook.tenant", "tenant.id")
TENANT_IN_METADATA = tuple(
    f"{prefix}.{name}"
    for prefix in ("traceloop.association.properties", "langfuse.trace.metadata", "metadata")
    for name in ("tenant", "tenant_id")
)
"""Where SDKs that know no tenants carry one; asked when nothing above is said."""
TENANT_OF_GATEWAY = ("metadata.user_api_key_team_id", "metadata.user_api_key_org_id")
"""Whose key a gateway was asked with; asked last, after the sender's own key or default."""
TAG_PREFIX = "tollbook.tags."

SHARED_FIELDS: dict[str, tuple[str, ...]] = {
    "feature": (
        "tollbook.feature",
        "traceloop.association.properties.feature",
        "langfuse.trace.metadata.feature",
        "metadata.feature",
    ),
    "service": ("tollbook.service", "service.name"),
    "environment": (
        "tollbook.environment",
        "deployment.environment.name",
        "deployment.environment",
        "langfuse.environment",
    ),
    "region": ("tollbook.region", "cloud.region"),
    "user": (
        "tollbook.user",
        "user.id",
        "enduser.id",
        "gen_ai.user",
        "gen_ai.request.user",
        "traceloop.association.properties.user_id",
        "metadata.user_id",
        "metadata.user_api_key_end_user_id",
        "llm.user",
    ),
    "session": (
        "tollbook.session",
        "session.id",
        "gen_ai.conversation.id",
        "traceloop.association.properties.session_id",
        "metadata.session_id",
    ),
    "prompt_name": (
        "tollbook.prompt_name",
        "gen_ai.prompt.name",
        "langfuse.observation.prompt.name",
        "traceloop.prompt.key",
    ),
    "prompt_version": (
        "tollbook.prompt_version",
        "gen_ai.prompt.version",
        "langfuse.observation.prompt.version",
        "traceloop.prompt.version",
    ),
    "service_tier": (
        "tollbook.service_tier",
        "openai.response.service_tier",
        "gen_ai.openai.response.service_tier",
        "gen_ai.response.service_tier",
        "anthropic.response.service_tier",
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
REPORTED_COST = (
    "tollbook.reported_cost_usd",
    "gen_ai.usage.cost",
    "llm.cost.total",
    "gen_ai.cost.total_cost",
)
ERROR_TYPE = ("tollbook.error_type", "error.type")

EXCEPTION_TYPE = "exception.type"
"""Attribute of an event that tells of an exception."""

GENAI_OPERATION = "gen_ai.operation.name"
GENAI_PREVIOUS_OPERATION = "llm.request.type"
GENAI_PROVIDER = ("gen_ai.provider.name", "gen_ai.system")
GENAI_REQUEST_MODEL = "gen_ai.request.model"
GENAI_RESPONSE_MODEL = "gen_ai.response.model"
GENAI_TIME_TO_FIRST_CHUNK = "gen_ai.response.time_to_first_chunk"
GENAI_USAGE = opentelemetry.TABLE
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
GENAI_CALLS = frozenset(("chat", "embeddings", "generate_content", "text_completion"))
"""Operations that are requests to a model, whatever else their span says."""
GENAI_OPERATIONS: dict[str, str] = {"embedding": "embeddings", "completion": "text_completion"}
"""OpenTelemetry's names of operations by those that senders use instead."""
GENAI_STREAM = "gen_ai.request.stream"

PROVIDERS: dict[str, str] = {
    "aws": "aws.bedrock",
    "aws_bedrock": "aws.bedrock",
    "az.ai.inference": "azure.ai.inference",
    "az.ai.openai": "azure.ai.openai",
    "azure": "azure.ai.openai",
    "azure_ai": "azure.ai.inference",
    "bedrock": "aws.bedrock",
    "gemini": "gcp.gemini",
    "mistral": "mistral_ai",
    "mistralai": "mistral_ai",
    "vertex_ai": "gcp.vertex_ai",
    "vertexai": "gcp.vertex_ai",
    "xai": "x_ai",
}
"""OpenTelemetry's names of providers by those, in lower case, that senders use instead."""

OPENINFERENCE_KIND = "openinference.span.kind"
OPENINFERENCE_CALLS: dict[str, str] = {"LLM": "chat", "EMBEDDING": "embeddings"}
OPENINFERENCE_PROVIDER = ("llm.provider", "llm.system")
OPENINFERENCE_MODEL = ("llm.model_name", "embedding.model_name")
OPENINFERENCE_PARAMETERS = "llm.invocation_parameters"
"""JSON of how the model was asked; the only place of its name when the call failed."""
OPENINFERENCE_OUTPUT = "output.value"
"""The answer; only its opening is read, where the provider's id of the response stands."""
OPENINFERENCE_METADATA = "metadata"
"""JSON of what the product wants to have kept, its tenant perhaps."""
OPENINFERENCE_ANTHROPIC = "openinference.instrumentation.anthropic"
OPENINFERENCE_RESPONSE_MODEL = "llm.response.model_name"
OPENINFERENCE_FINISH_REASON = "llm.finish_reason"
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

TRACELOOP_SCOPES = frozenset(
    f"opentelemetry.instrumentation.{name}"
    for name in (
        "aleph_alpha", "anthropic", "bedrock", "cohere", "google_generativeai", "groq", "haystack",
        "langchain", "llamaindex", "mistralai", "ollama", "openai.v0", "openai.v1",
        "openai_agents", "replicate", "sagemaker", "together", "transformers", "vertexai",
        "voyageai", "watsonx", "writer",
    )
)  # fmt: skip
TRACELOOP_OWN_SCOPES = "traceloop."
TRACELOOP_SPAN_KIND = "traceloop.span.kind"
"""On workflows, tasks, agents and tools: what is around calls."""

LANGFUSE_SCOPE = "langfuse-sdk"
LANGFUSE_TYPE = "langfuse.observation.type"
LANGFUSE_CALLS: dict[str, str] = {"generation": "chat", "embedding": "embeddings"}
LANGFUSE_MODEL = "langfuse.observation.model.name"
LANGFUSE_PARAMETERS = "langfuse.observation.model.parameters"
LANGFUSE_USAGE = "langfuse.observation.usage_details"
LANGFUSE_COST = "langfuse.observation.cost_details"
LANGFUSE_FIRST_TOKEN = "langfuse.observation.completion_start_time"  # noqa: S105 - a name
LANGFUSE_LEVEL = "langfuse.observation.level"
LANGFUSE_STATUS_MESSAGE = "langfuse.observation.status_message"
LANGFUSE_JSON_TEXTS = tuple(
    name
    for names in (TENANT_IN_METADATA, *SHARED_FIELDS.values())
    for name in names
    if name.startswith("langfuse.trace.metadata.")
)
"""Texts that come with JSON's quotes around them."""

LITELLM_SCOPE = "litellm"
LITELLM_CALL_ID = "litellm.call_id"
LITELLM_MODEL = "litellm.provider.model"
LITELLM_USAGE = "metadata.usage_object"
LITELLM_METADATA = "metadata.requester_metadata"
LITELLM_CACHE_HIT = "litellm.cache_hit"
LITELLM_STREAM = "llm.is_streaming"
LITELLM_COUNTED_BY = frozenset(("openai", "azure.ai.openai"))
"""Providers that always say how much of the input was cached, where they count at all."""

OPENLIT_SCOPES = "openlit."
OPENLIT_EXCLUSIVE = frozenset(
    ("openlit.instrumentation.anthropic", "openlit.instrumentation.bedrock")
)
"""Scopes whose input count leaves out what was read from a cache or written to one."""
OPENLIT_BARE_ERRORS = {"openlit.instrumentation.anthropic": "anthropic"}
"""Scopes, and their providers, whose spans of refused requests have no attributes."""
OPENLIT_OPENAI = "openlit.instrumentation.openai"

ANTHROPIC_SDK_SCOPES = "com.anthropic.sdk."
ANTHROPIC_COMPACTION: dict[str, str] = {
    "input_tokens": "anthropic.usage.compaction.input_tokens",
    "output_tokens": "anthropic.usage.compaction.output_tokens",
}
"""Tokens of compacting a conversation, which come on top of the message's own."""

CONTENT = frozenset((OPENINFERENCE_OUTPUT, LANGFUSE_STATUS_MESSAGE))
"""Attributes that can hold content: looked at and never kept, as evidence neither."""
LONGEST_CONTENT_CHARACTERS = 160
"""How much of them is looked at."""
NO_EVIDENCE = CONTENT | {OPENINFERENCE_METADATA, LITELLM_METADATA, LANGFUSE_PARAMETERS}
"""Attributes that are not kept with a refused span: others than we decide what they hold."""

WANTED = frozenset(
    (
        *TENANT, *TENANT_IN_METADATA, *TENANT_OF_GATEWAY, ID, PROVIDER, MODEL, OPERATION, ATTEMPT,
        CACHE_HIT, *REPORTED_COST, *ERROR_TYPE,
        GENAI_OPERATION, GENAI_PREVIOUS_OPERATION, *GENAI_PROVIDER, GENAI_REQUEST_MODEL,
        GENAI_RESPONSE_MODEL, GENAI_TIME_TO_FIRST_CHUNK, OPENINFERENCE_KIND,
        *OPENINFERENCE_PROVIDER, *OPENINFERENCE_MODEL, OPENINFERENCE_PARAMETERS,
        OPENINFERENCE_OUTPUT, OPENINFERENCE_METADATA, OPENINFERENCE_RESPONSE_MODEL,
        OPENINFERENCE_FINISH_REASON, GENAI_STREAM, TRACELOOP_SPAN_KIND, LANGFUSE_TYPE,
        LANGFUSE_MODEL, LANGFUSE_PARAMETERS, LANGFUSE_USAGE, LANGFUSE_COST, LANGFUSE_FIRST_TOKEN,
        LANGFUSE_LEVEL, LANGFUSE_STATUS_MESSAGE, LITELLM_CALL_ID, LITELLM_MODEL, LITELLM_USAGE,
        LITELLM_METADATA, LITELLM_CACHE_HIT, LITELLM_STREAM, *ANTHROPIC_COMPACTION.values(),
        *(name for table in (SHARED_FIELDS, GENAI_USAGE, OPENINFERENCE_USAGE)
          for names in table.values() for name in names),
    )
)  # fmt: skip


PER_CALL_FIELDS = ("user", "session", "operation_id", "reservation_id", "response_id")
"""Shared fields that calls differ in which are alike otherwise."""

DIFFERENT_EACH_TIME = frozenset(
    (
        ID, *REPORTED_COST, GENAI_TIME_TO_FIRST_CHUNK, OPENINFERENCE_PARAMETERS,
        OPENINFERENCE_OUTPUT, LANGFUSE_USAGE, LANGFUSE_COST, LANGFUSE_FIRST_TOKEN,
        LANGFUSE_STATUS_MESSAGE, LANGFUSE_PARAMETERS, LITELLM_CALL_ID, LITELLM_USAGE,
        LITELLM_METADATA, OPENINFERENCE_METADATA,
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
