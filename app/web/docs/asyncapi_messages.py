"""What the AsyncAPI document says of each message: its rules, properties, headers and example."""

from typing import Any

from app.core.limits import MAX_BODY_BYTES
from app.core.queues import EVENTS_EXCHANGE, dead_letter_queue
from app.messaging.commands import Command
from app.messaging.events import Event
from app.messaging.settle import MAX_ATTEMPTS
from app.schemas.messaging.dead_letter_schema import MAX_REASON
from app.services.reports.report_maker import MESSAGE_LINES

Document = dict[str, Any]

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
_JSON = "application/json"
_COMMAND_RULES = (
    f"Its body has at most {MAX_BODY_BYTES // 1024} KiB. What may succeed later is tried up to "
    f"{MAX_ATTEMPTS} times, with growing pauses, while others pass it. What cannot be applied is "
    "parked: it waits for a person as a dead letter, with a copy on `{parked}`. The shop "
    "acknowledges a message when its effect, or that it is parked, is committed."
)
_EVENT_RULES = (
    f"Goes to the exchange `{EVENTS_EXCHANGE}` by the routing key `{{name}}`, once its transaction "
    "is committed, and at least once: a second one of the same `id` is the same event. Those of "
    "one subject leave in their order."
)
_RETRIES = {
    "type": "integer",
    "minimum": 0,
    "maximum": 999,
    "description": "How often it was tried and failed for the moment. The shop counts in it; a "
    "sender leaves it out.",
    "examples": [1],
}
_COMMAND_PROPERTIES = {
    "message_id": {
        "type": "string",
        "maxLength": 255,
        "description": "Any text that its queue never had before, best a UUID: another message of "
        "the same id, with another body, is parked as `ambiguous`. Without one, it is applied at "
        "its first delivery; if it is delivered again, it is applied unless one of the same body "
        "was within an hour, and else parked as `ambiguous`.",
        "examples": [_ID],
    },
    "delivery_mode": {
        "type": "integer",
        "minimum": 1,
        "maximum": 2,
        "description": "2: a message that the broker keeps.",
        "examples": [2],
    },
}
_SENT_PROPERTIES = {
    "message_id": {
        "type": "string",
        "maxLength": 255,
        "description": "The message's id.",
        "examples": [_ID],
    },
    "content_type": {"const": _JSON, "description": "What the body is.", "examples": [_JSON]},
    "delivery_mode": {"const": 2, "description": "The broker keeps it.", "examples": [2]},
    "timestamp": {
        "type": "integer",
        "minimum": 0,
        "maximum": 2**63 - 1,
        "description": "When it was written down, in seconds since 1970.",
        "examples": [1769860800],
    },
}
_DEAD_LETTER_HEADERS: Document = {
    "x-queue": {
        "type": "string",
        "maxLength": 100,
        "description": "Where it came from.",
        "examples": ["order"],
    },
    "x-error-code": {
        "type": "string",
        "maxLength": 100,
        "description": "The kind of reason, as in the `type` of a problem document.",
        "examples": ["invalid-input"],
    },
    "x-error": {
        "type": "string",
        "maxLength": MAX_REASON,
        "description": "Why it cannot be applied.",
        "examples": ["the body does not match its schema"],
    },
    "x-attempt": {
        "type": "integer",
        "minimum": 1,
        "maximum": 2**31 - 1,
        "description": "How often it was tried.",
        "examples": [1],
    },
}

_COUNTED = {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}
_REPORT_HEADERS: Document = {
    "x-report-version": _COUNTED
    | {
        "description": "1, or more if the report was made anew because its books have changed, as "
        "by an import: its messages take the place of those before.",
        "examples": [1],
    },
    "x-part": _COUNTED | {"description": "Which part of the day it has.", "examples": [1]},
    "x-parts": _COUNTED | {"description": "How many parts the day has.", "examples": [1]},
}


def command_message(command: Command, reference: str, document: Document) -> Document:
    """Return what is said of a command."""
    message = _message(command.queue, command.description, reference, document)
    return message | {
        "title": f"A command of the queue {command.queue}",
        "description": _COMMAND_RULES.format(parked=dead_letter_queue(command.queue)),
        "headers": _object({"x-attempt": _RETRIES}, additional=True),
        "x-amqp-properties": _object(_COMMAND_PROPERTIES, additional=True),
    }


def dead_letter_message(command: Command) -> Document:
    """Return what is said of a command that cannot be applied."""
    headers = {name: header["examples"][0] for name, header in _DEAD_LETTER_HEADERS.items()}
    headers["x-queue"] = command.queue
    return {
        "name": dead_letter_queue(command.queue),
        "title": f"A dead letter of the queue {command.queue}",
        "summary": f"A copy of a command of the queue `{command.queue}` that was parked.",
        "description": "The shop keeps the dead letter itself and takes nothing from here: "
        "`lavka dead-letters` lists, requeues and discards.",
        "contentType": _JSON,
        "payload": {
            "description": "The body as it came, valid or not; of a longer one, the first 512 KiB."
        },
        # The broker adds headers of its own.
        "headers": _object(_DEAD_LETTER_HEADERS, additional=True),
        "x-amqp-properties": _object(_SENT_PROPERTIES),
        "examples": [{"name": "refused", "headers": headers, "payload": {}}],
    }


def report_message(reference: str, document: Document) -> Document:
    """Return what is said of a daily report."""
    return _message("report", "The report of a day.", reference, document) | {
        "title": "A daily report",
        "description": "Sent once the report is committed, and at least once: a second one of the "
        f"same `message_id` is the same message. A day of more than {MESSAGE_LINES} orders goes "
        "out in parts, in their order; every part has the count of the whole day.",
        "headers": _object(_REPORT_HEADERS),
        "x-amqp-properties": _object(_SENT_PROPERTIES),
    }


def event_message(event: Event, reference: str, document: Document) -> Document:
    """Return what is said of an event."""
    return _message(event.name, event.description, reference, document) | {
        "title": f"The event {event.name}",
        "description": _EVENT_RULES.format(name=event.name),
        "x-amqp-properties": _object(_SENT_PROPERTIES),
    }


def _message(name: str, summary: str, reference: str, document: Document) -> Document:
    schema = {"$ref": reference}
    return {
        "name": name,
        "summary": summary,
        "contentType": _JSON,
        "payload": schema,
        "examples": [
            {"name": "whole", "summary": "Every field.", "payload": _example(schema, document)}
        ],
    }


def _object(properties: Document, *, additional: bool = False) -> Document:
    described: Document = {"type": "object", "properties": properties}
    return described | {"additionalProperties": additional}


def _example(schema: Document, document: Document) -> Any:
    """Return a value made of the examples of the fields."""
    if "$ref" in schema and "examples" not in schema:
        model = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return {name: _example(field, document) for name, field in model["properties"].items()}
    first = schema["examples"][0]
    # A list that is empty in its own example would show nothing of what it can have.
    return [_example(schema["items"], document)] if first == [] else first
