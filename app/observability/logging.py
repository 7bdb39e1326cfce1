"""Logging: JSON for machines, readable lines for a terminal."""

import logging
import os
import sys
from typing import Any, Literal

from app.observability.hidden_package import hidden
from app.observability.library_logs import LibraryLogs
from app.observability.request_ids import current_request_id
from app.observability.tracing import current_trace_id

# structlog would import Rich, 86 modules and three megabytes at each start, for tracebacks with
# local variables, which the shop does not print.
with hidden("rich"):
    import structlog
    from structlog.typing import EventDict, Processor, WrappedLogger

Form = Literal["json", "console"]


def configure_logging(form: Form | None = None) -> None:
    """Write the log to standard error; the default is lines on a terminal and JSON elsewhere.

    Records of the standard library's `logging` have the same form.
    """
    is_terminal = sys.stderr.isatty()
    form = form or ("console" if is_terminal else "json")
    known: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_ids,
    ]
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=known,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_rendering(form, has_colours=is_terminal and "NO_COLOR" not in os.environ),
            ],
        )
    )
    handler.addFilter(LibraryLogs())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    structlog.configure(
        processors=[
            structlog.stdlib.PositionalArgumentsFormatter(),
            *known,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)


def add_ids(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """Add the ids of the current request and trace to a line."""
    if (request_id := current_request_id()) is not None:
        line["request_id"] = request_id
    if (trace_id := current_trace_id()) is not None:
        line["trace_id"] = trace_id
    return line


def _rendering(form: Form, *, has_colours: bool) -> list[Any]:
    if form == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    # The default prints local variables with a traceback, and they may contain passwords.
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=has_colours, exception_formatter=plain)]
