"""The AsyncAPI document, built from the registries of commands and events."""

from typing import Any

from pydantic.json_schema import JsonSchemaMode, models_json_schema

from app import __version__
from app.core.queues import EVENTS_EXCHANGE, REPORT_QUEUE, dead_letter_queue
from app.messaging.commands import COMMANDS, Command
from app.messaging.events import EVENTS, Event
from app.messaging.rabbitmq.queues import QUORUM, command_arguments
from app.schemas.base import Schema
from app.schemas.reports.report_messages import ReportMessage
from app.web.docs.asyncapi_messages import (
    command_message,
    dead_letter_message,
    event_message,
    report_message,
)
from app.web.docs.openapi_limits import bound

_BINDINGS = "0.3.0"
_TAGS = {
    "commands": "Messages that change something in the shop.",
    "dead letters": "Copies of commands that cannot be applied.",
    "reports": "Daily reports.",
    "events": "Changes that the shop has committed.",
}
_SERVERS = {
    "rabbitmq": {
        "host": "{host}:{port}",
        "pathname": "/{vhost}",
        "protocol": "amqp",
        "protocolVersion": "0-9-1",
        "description": "The RabbitMQ server of the shop's settings.",
        "variables": {
            "host": {"description": "`RABBITMQ_HOST`", "default": "localhost"},
            "port": {"description": "`RABBITMQ_PORT`", "default": "5672"},
            "vhost": {
                "description": "`RABBITMQ_VHOST`, percent-encoded: `%2F` stands for `/`.",
                "default": "%2F",
            },
        },
        "security": [{"$ref": "#/components/securitySchemes/user"}],
    }
}
_SECURITY_SCHEMES = {
    "user": {
        "type": "userPassword",
        "description": "A user of the broker. The shop applies every valid command: restrict in "
        "the broker which users may publish to a queue.",
    }
}

Document = dict[str, Any]
_Models = list[tuple[type[Schema], JsonSchemaMode]]


def message_document() -> Document:
    """Return the document, complete and bounded."""
    events = [(event, event.schema) for event in EVENTS.values()]
    models: _Models = [(command.schema, "validation") for command in COMMANDS.values()]
    models += [(schema, "serialization") for _, schema in events]
    models.append((ReportMessage, "serialization"))
    found, schema = models_json_schema(models, ref_template="#/components/schemas/{model}")
    references = {model: each["$ref"] for (model, _), each in found.items()}
    document: Document = {
        "asyncapi": "3.0.0",
        "info": _info(),
        "defaultContentType": "application/json",
        "servers": _SERVERS,
        "channels": {},
        "operations": {},
        "components": {
            "schemas": dict(sorted(schema["$defs"].items())),
            "messages": {},
            "securitySchemes": _SECURITY_SCHEMES,
        },
    }
    for command in COMMANDS.values():
        _add_command(document, command, references[command.schema])
    report = report_message(references[ReportMessage], document)
    _add_sent_queue(document, REPORT_QUEUE, report, "reports")
    for event, model in events:
        _add_event(document, event, references[model])
    bound(document)
    complete: Document = _as_draft_07(document)
    return complete


def _info() -> Document:
    return {
        "title": "Lavka: messages",
        "version": __version__,
        "description": "The messages that the shop receives from RabbitMQ, and those that it "
        "sends. Bodies are JSON. Amounts are decimal strings in the shop's currency, times are "
        "UTC, unknown fields in a command are refused.",
        "license": {"name": "MIT"},
        "tags": [{"name": name, "description": words} for name, words in _TAGS.items()],
    }


def _add_command(document: Document, command: Command, reference: str) -> None:
    channel = _queue(command.queue, command_arguments(command.queue))
    channel["description"] = (
        f"{command.description} A single worker applies commands in the order of arrival."
    )
    message = command_message(command, reference, document)
    _add(document, "receive", command.queue, channel, message, "commands")
    parked = dead_letter_queue(command.queue)
    _add_sent_queue(document, parked, dead_letter_message(command), "dead letters")


def _add_sent_queue(document: Document, queue: str, message: Document, tag: str) -> None:
    channel = _queue(queue, QUORUM)
    channel["description"] = "The shop sends messages to this queue and does not consume them."
    _add(document, "send", queue, channel, message, tag)


def _add_event(document: Document, event: Event, reference: str) -> None:
    channel = {
        "address": event.name,
        "description": f"A routing key of the exchange `{EVENTS_EXCHANGE}`: bind your own queue.",
        "bindings": {
            "amqp": {
                "is": "routingKey",
                "exchange": {
                    "name": EVENTS_EXCHANGE,
                    "type": "topic",
                    "durable": True,
                    "autoDelete": False,
                },
                "bindingVersion": _BINDINGS,
            }
        },
    }
    message = event_message(event, reference, document)
    _add(document, "send", event.name, channel, message, "events")


def _queue(name: str, arguments: Document) -> Document:
    queue = {"name": name, "durable": True, "exclusive": False, "autoDelete": False}
    bindings = {"is": "queue", "queue": queue, "bindingVersion": _BINDINGS}
    return {"address": name, "bindings": {"amqp": bindings | {"x-queue-arguments": arguments}}}


def _add(
    document: Document, action: str, name: str, channel: Document, message: Document, tag: str
) -> None:
    """Add a channel with its message and its operation."""
    document["components"]["messages"][name] = message | {"tags": [{"name": tag}]}
    document["channels"][name] = channel | {
        "title": message["title"],
        "servers": [{"$ref": "#/servers/rabbitmq"}],
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
    }
    sending = {"deliveryMode": 2, "timestamp": True, "mandatory": tag != "events"}
    document["operations"][f"{action}.{name}"] = {
        "action": action,
        "title": message["title"],
        "summary": message["summary"],
        "description": channel["description"],
        "channel": {"$ref": f"#/channels/{name}"},
        "messages": [{"$ref": f"#/channels/{name}/messages/{name}"}],
        "tags": [{"name": tag}],
        "bindings": {
            "amqp": ({"ack": True} if action == "receive" else sending)
            | {"bindingVersion": _BINDINGS}
        },
    }


def _as_draft_07(node: Any) -> Any:
    """Move each reference with siblings into an `allOf`: AsyncAPI ignores siblings of `$ref`."""
    if isinstance(node, list):
        return [_as_draft_07(each) for each in node]
    if not isinstance(node, dict):
        return node
    rest = {name: _as_draft_07(value) for name, value in node.items() if name != "$ref"}
    if "$ref" not in node:
        return rest
    reference = {"$ref": node["$ref"]}
    return {"allOf": [reference]} | rest if rest else reference
