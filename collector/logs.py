"""Our own logs: one JSON object a line on standard error."""

from __future__ import annotations

import logging.config


def configure_logs(level: str) -> None:
    """Send every logger of this process through one JSON formatter."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "json": {
                    "()": "pythonjsonlogger.json.JsonFormatter",
                    "fmt": "%(asctime)s %(levelname)s %(name)s %(message)s",
                    "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
            "root": {"level": level, "handlers": ["stderr"]},
            "loggers": {
                "apscheduler": {"level": "WARNING"},
                "alembic": {"level": "WARNING"},
                "gunicorn.error": {"level": "WARNING"},
                "werkzeug": {"level": "WARNING"},
            },
        }
    )
