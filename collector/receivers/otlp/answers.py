"""What OTLP's services of logs and metrics answer in protobuf: nothing, or a partial success."""

from __future__ import annotations

from typing import Any

from collector.receivers.wire_schema import message_classes

_classes = message_classes(
    "answers",
    {
        "LogsPartialSuccess": {
            "rejected_log_records": (1, "int64"),
            "error_message": (2, "string"),
        },
        "LogsResponse": {"partial_success": (1, "LogsPartialSuccess")},
        "MetricsPartialSuccess": {
            "rejected_data_points": (1, "int64"),
            "error_message": (2, "string"),
        },
        "MetricsResponse": {"partial_success": (1, "MetricsPartialSuccess")},
    },
)
LogsResponse: Any = _classes["LogsResponse"]
MetricsResponse: Any = _classes["MetricsResponse"]
