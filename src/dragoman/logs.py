"""Logs for machines: one JSON object a line, with the time in UTC and whatever a call names beside its message."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import IO

# What every log record has; the rest is what the call named in `extra`.
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """Formats a log record as a line of JSON: time, level, logger, message, and the call's own fields."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **{name: value for name, value in vars(record).items() if name not in _USUAL},
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def log_as_json(stream: IO[str]) -> None:
    """Sends Dragoman's log, from `info` on, to a stream as JSON lines."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("dragoman")
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False
