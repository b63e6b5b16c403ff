"""Logs: one JSON line an event on standard error, with tenant and request in every line of a request.

Invariant: no token, code, password or mail body is ever logged.
"""

from __future__ import annotations

import logging
import sys

import structlog


def configure_logging(*, plain: bool = False) -> None:
    """Configures structlog, once per process; `plain` writes readable lines for a terminal instead of JSON."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer() if plain else structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


def logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """Returns a logger that names its module."""
    bound: structlog.typing.FilteringBoundLogger = structlog.get_logger(module=name)
    return bound
