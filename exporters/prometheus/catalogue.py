"""Every metric that Tollbook exposes, declared once; docs and rules are held against this list."""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["counter", "gauge", "histogram"]


class Metric(NamedTuple):
    """Name, kind, labels and help text of one metric family."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    help: str


CALL_LABELS = ("tenant", "feature", "provider", "model", "operation")

COST = Metric(
    "tollbook_llm_cost_usd_total",
    "counter",
    CALL_LABELS,
    "Cost of booked calls in US dollars, unpriced calls not included.",
)
CREDITS = Metric(
    "tollbook_llm_credits_usd_total",
    "counter",
    CALL_LABELS,
    "Cost in US dollars that corrections took back; the ledger is cost minus credits.",
)
CREDITED_CALLS = Metric(
    "tollbook_llm_credited_calls_total",
    "counter",
    CALL_LABELS,
    "Booked calls that corrections took back, such as copies of a call that came later.",
)
CREDITED_TOKENS = Metric(
    "tollbook_llm_credited_tokens_total",
    "counter",
    ("token_type",),
    "Tokens that corrections took back.",
)
TOKENS = Metric(
    "tollbook_llm_tokens_total",
    "counter",
    (*CALL_LABELS, "token_type"),
    "Tokens of booked calls; the types do not overlap.",
)
CALLS = Metric("tollbook_llm_calls_total", "counter", (*CALL_LABELS, "status"), "Booked calls.")
UNPRICED = Metric(
    "tollbook_llm_unpriced_calls",
    "gauge",
    CALL_LABELS,
    "Booked calls that have no price yet.",
)
DURATION = Metric(
    "tollbook_llm_call_duration_seconds",
    "histogram",
    CALL_LABELS,
    "Time from the start of a call to its end.",
)
TIME_TO_FIRST_TOKEN = Metric(
    "tollbook_llm_time_to_first_token_seconds",
    "histogram",
    CALL_LABELS,
    "Time from the start of a streamed call to its first token.",
)
RECEIVED = Metric(
    "tollbook_ingest_received_total",
    "counter",
    ("receiver",),
    "Records that came in.",
)
JOINED_LATER = Metric(
    "tollbook_ingest_joined_calls_total",
    "counter",
    (),
    "Booked calls that turned out to be copies of others.",
)
PARTED_LATER = Metric(
    "tollbook_ingest_parted_calls_total",
    "counter",
    (),
    "Calls that had been joined with others and turned out to be calls of their own.",
)
PRICED_LATER = Metric(
    "tollbook_ingest_priced_later_calls_total",
    "counter",
    (),
    "Calls that had been booked without a price and were given one.",
)
INGEST = Metric(
    "tollbook_ingest_calls_total",
    "counter",
    ("receiver", "result"),
    "Records that came in, by what became of them.",
)
DEAD_LETTERS = Metric(
    "tollbook_dead_letters",
    "gauge",
    (),
    "Acknowledged calls that could not be booked and wait for a replay.",
)
DEAD_LETTERS_LEFT = Metric(
    "tollbook_dead_letters_left_total",
    "counter",
    ("receiver", "result"),
    "Dead letters that are none any more: replayed, or dropped without being booked.",
)
COMMIT_SECONDS = Metric(
    "tollbook_ingest_commit_seconds",
    "histogram",
    (),
    "How long the transactions took in which records were booked.",
)
COMMIT_CALLS = Metric(
    "tollbook_ingest_commit_calls",
    "histogram",
    (),
    "Calls that were handed in for one transaction, copies included.",
)
LAG_SECONDS = Metric(
    "tollbook_ingest_lag_seconds",
    "histogram",
    (),
    "From the hand-in of the request of a transaction that waited longest to its commit.",
)
UNACCOUNTED = Metric(
    "tollbook_ingest_unaccounted_records",
    "gauge",
    (),
    "Records and calls of which the self-checks find one too many or too few; not 0 is a fault.",
)
WAITING_CALLS = Metric(
    "tollbook_ingest_waiting_calls",
    "gauge",
    (),
    "Calls in the memory of this collector's processes that wait to be booked.",
)
WAITING_BYTES = Metric(
    "tollbook_ingest_waiting_bytes",
    "gauge",
    (),
    "Bodies in the memory of this collector's processes that are not decoded yet.",
)
WAITING = Metric(
    "tollbook_ingest_waiting_records",
    "gauge",
    ("receiver",),
    "Acknowledged records of this machine that wait in the spool for Postgres.",
)
SPOOL_BYTES = Metric(
    "tollbook_spool_bytes",
    "gauge",
    (),
    "Disk space this machine's spool takes, files set aside included.",
)
SPOOL_FILES = Metric("tollbook_spool_files", "gauge", (), "Files that wait in the spool.")
SPOOL_OLDEST = Metric(
    "tollbook_spool_oldest_seconds",
    "gauge",
    (),
    "How long the oldest file of the spool has waited; 0 when none waits.",
)
SPOOL_SET_ASIDE = Metric(
    "tollbook_spool_set_aside_files",
    "gauge",
    ("reason",),
    "Files of the spool that could not be read or booked and wait for a person.",
)
CATALOG_REFRESHES = Metric(
    "tollbook_catalog_refreshes_total",
    "counter",
    ("result",),
    "Times that the price catalog was fetched, by what came of it: changed, unchanged, failed.",
)
CATALOG_CONFIRMED = Metric(
    "tollbook_catalog_confirmed_timestamp_seconds",
    "gauge",
    (),
    "When the price catalog was last fetched; absent until it was.",
)
DRIFT = Metric(
    "tollbook_ledger_drift_usd",
    "gauge",
    (),
    "Difference between the calls and what is counted from them; anything but 0 is a fault.",
)
BUDGET_LABELS = ("tenant", "budget", "value")

BUDGET_LIMIT = Metric(
    "tollbook_budget_limit_usd",
    "gauge",
    BUDGET_LABELS,
    "What the present period of a budget allows, with what was carried into it.",
)
BUDGET_SPENT = Metric(
    "tollbook_budget_spent_usd",
    "gauge",
    BUDGET_LABELS,
    "What was spent in the present period, settled reservations without their calls included.",
)
BUDGET_RESERVED = Metric(
    "tollbook_budget_reserved_usd", "gauge", BUDGET_LABELS, "What reservations hold."
)
BUDGET_FORECAST = Metric(
    "tollbook_budget_forecast_usd",
    "gauge",
    BUDGET_LABELS,
    "What will have been spent at the period's end if it goes on as until now.",
)
BUDGET_RATIO = Metric(
    "tollbook_budget_used_ratio",
    "gauge",
    BUDGET_LABELS,
    "Share of the limit that was spent, of money or of tokens.",
)
NOTICES = Metric(
    "tollbook_notices_total",
    "counter",
    ("result",),
    "Notices about budgets, once for each channel, and attempts that failed.",
)
NOTICES_WAITING = Metric(
    "tollbook_notices_waiting",
    "gauge",
    (),
    "Notices about budgets that were not told yet, those without a channel included.",
)
BUILD_INFO = Metric("tollbook_build_info", "gauge", ("version",), "Version of Tollbook.")

METRICS = (
    COST,
    CREDITS,
    CREDITED_CALLS,
    CREDITED_TOKENS,
    TOKENS,
    CALLS,
    UNPRICED,
    DURATION,
    TIME_TO_FIRST_TOKEN,
    RECEIVED,
    INGEST,
    UNACCOUNTED,
    COMMIT_SECONDS,
    COMMIT_CALLS,
    LAG_SECONDS,
    WAITING_CALLS,
    WAITING_BYTES,
    WAITING,
    SPOOL_BYTES,
    SPOOL_FILES,
    SPOOL_OLDEST,
    SPOOL_SET_ASIDE,
    JOINED_LATER,
    PARTED_LATER,
    PRICED_LATER,
    DEAD_LETTERS,
    DEAD_LETTERS_LEFT,
    BUDGET_LIMIT,
    BUDGET_SPENT,
    BUDGET_RESERVED,
    BUDGET_FORECAST,
    BUDGET_RATIO,
    CATALOG_REFRESHES,
    CATALOG_CONFIRMED,
    NOTICES,
    NOTICES_WAITING,
    DRIFT,
    BUILD_INFO,
)
