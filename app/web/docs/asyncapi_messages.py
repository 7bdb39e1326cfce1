"""The messages of the AsyncAPI document: rules, properties, headers and examples."""

from typing import Any

from app.core.limits import MAX_BODY_BYTES, MAX_BULK_BODY_BYTES
from app.core.queues import EVENTS_EXCHANGE, dead_letter_queue
from app.messaging.commands import Command
from app.messaging.events import Event
from app.messaging.retries import MAX_ATTEMPTS
from app.schemas.messaging.dead_letter_schema import MAX_REASON
from app.services.reports.report_maker import MESSAGE_LINES

Document = dict[str, Any]

_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
_JSON = "application/json"
_COMMAND_RULES = (
    f"The body has at most {MAX_BODY_BYTES // 1024} KiB, and of `product_bulk` "
    f"{MAX_BULK_BODY_BYTES // 1024}. A command whose handler fails is tried "
    f"up to {MAX_ATTEMPTS} times, with growing pauses, in which other commands may overtake it. A "
    "command that cannot be applied is parked: it is stored as a dead letter, with a copy on "
    "`{parked}`. The shop acknowledges a message after it has committed its effect or parked it."
)
_EVENT_RULES = (
    f"Published to the exchange `{EVENTS_EXCHANGE}` with the routing key `{{name}}`, after its "
    "transaction is committed, and at least once: a second message with the same `id` is the same "
    "event. The events of one subject are published in their order."
)
_RETRIES = {
    "type": "integer",
    "minimum": 0,
    "maximum": 999,
    "description": "The number of attempts that failed temporarily. The shop sets it; senders omit "
    "it.",
    "examples": [1],
}
_COMMAND_PROPERTIES = {
    "message_id": {
        "type": "string",
        "maxLength": 255,
        "description": "A text that is unique on its queue, preferably a UUID: another message "
        "with the same id and a different body is parked as `ambiguous`. A message without an id "
        "is applied at its first delivery. When it is redelivered, it is applied, unless a message "
        "with the same body was applied within an hour: then it is parked as `ambiguous`.",
        "examples": [_ID],
    },
    "delivery_mode": {
        "type": "integer",
        "minimum": 1,
        "maximum": 2,
        "description": "2: a persistent message.",
        "examples": [2],
    },
}
_SENT_PROPERTIES = {
    "message_id": {
        "type": "string",
        "maxLength": 255,
        "description": "The id of the message.",
        "examples": [_ID],
    },
    "content_type": {"const": _JSON, "description": "The media type.", "examples": [_JSON]},
    "delivery_mode": {"const": 2, "description": "The message is persistent.", "examples": [2]},
    "timestamp": {
        "type": "integer",
        "minimum": 0,
        "maximum": 2**63 - 1,
        "description": "When the message was created, in seconds since 1970.",
        "examples": [1769860800],
    },
}
_DEAD_LETTER_HEADERS: Document = {
    "x-queue": {
        "type": "string",
        "maxLength": 100,
        "description": "The queue of the command.",
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
        "description": "The reason why the command cannot be applied.",
        "examples": ["the body does not match its schema"],
    },
    "x-attempt": {
        "type": "integer",
        "minimum": 1,
        "maximum": 2**31 - 1,
        "description": "The number of attempts.",
        "examples": [1],
    },
}

_COUNTED = {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}
_REPORT_HEADERS: Document = {
    "x-report-version": _COUNTED
    | {
        "description": (
            "1, or higher if the report was made again because its ledger changed, for example by "
            "an import: its messages replace those of the lower versions."
        ),
        "examples": [1],
    },
    "x-part": _COUNTED | {"description": "The number of this part of the day.", "examples": [1]},
    "x-parts": _COUNTED | {"description": "The number of parts of the day.", "examples": [1]},
}


def command_message(command: Command, reference: str, document: Document) -> Document:
    """Return the description of a command."""
    message = _message(command.queue, command.description, reference, document)
    return message | {
        "title": f"A command of the queue {command.queue}",
        "description": _COMMAND_RULES.format(parked=dead_letter_queue(command.queue)),
        "headers": _object({"x-attempt": _RETRIES}, additional=True),
        "x-amqp-properties": _object(_COMMAND_PROPERTIES, additional=True),
    }


def dead_letter_message(command: Command) -> Document:
    """Return the description of a dead letter of a command."""
    headers = {name: header["examples"][0] for name, header in _DEAD_LETTER_HEADERS.items()}
    headers["x-queue"] = command.queue
    return {
        "name": dead_letter_queue(command.queue),
        "title": f"A dead letter of the queue {command.queue}",
        "summary": f"A copy of a command of the queue `{command.queue}` that was parked.",
        "description": "The dead letter itself is in the database, and the shop does not consume "
        "this queue: `lavka dead-letters` lists, requeues and discards dead letters.",
        "contentType": _JSON,
        "payload": {
            "description": "The body as received, valid or not; at most its first 512 KiB."
        },
        # The broker adds its own headers.
        "headers": _object(_DEAD_LETTER_HEADERS, additional=True),
        "x-amqp-properties": _object(_SENT_PROPERTIES),
        "examples": [{"name": "refused", "headers": headers, "payload": {}}],
    }


def report_message(reference: str, document: Document) -> Document:
    """Return the description of a daily report."""
    return _message("report", "The report of a day.", reference, document) | {
        "title": "A daily report",
        "description": "Sent after the report is committed, and at least once: a second message "
        f"with the same `message_id` is the same message. A day of more than {MESSAGE_LINES} "
        "orders is sent in parts, in their order; every part has the count of the whole day.",
        "headers": _object(_REPORT_HEADERS),
        "x-amqp-properties": _object(_SENT_PROPERTIES),
    }


def event_message(event: Event, reference: str, document: Document) -> Document:
    """Return the description of an event."""
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
    """Return an example of a schema, built from the examples of its fields."""
    if "$ref" in schema and "examples" not in schema:
        model = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return {name: _example(field, document) for name, field in model["properties"].items()}
    first = schema["examples"][0]
    # An empty list would not show what its items look like.
    return [_example(schema["items"], document)] if first == [] else first
