"""The AsyncAPI document as an HTML page without scripts."""

import json
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from string import Template
from typing import Any

_TEMPLATE = Path(__file__).parent / "static" / "messages.html"
_CODE = re.compile(r"`([^`]*)`")
_SECTIONS = {
    "commands": ("Commands", "Publish to these queues through the default exchange."),
    "events": ("Events", "Bind your own queue to the exchange, with these keys or with patterns."),
    "reports": ("Reports", "One queue, for one kind of consumer."),
    "dead letters": (
        "Dead letters",
        "Commands that could not be applied, on one queue for each queue of commands.",
    ),
}
_DIRECTIONS = {"receive": "the shop receives", "send": "the shop sends"}
_SHOWN_VALUES = 8

Document = dict[str, Any]


def page_of(document: Document) -> str:
    """Return the page of a document."""
    operations = list(document["operations"].values())
    contents, sections = [], []
    for tag, (title, words) in _SECTIONS.items():
        those = [each for each in operations if each["tags"] == [{"name": tag}]]
        names = [each["channel"]["$ref"].rpartition("/")[2] for each in those]
        links = " ".join(f'<a href="#{escape(name)}">{escape(name)}</a>' for name in names)
        contents.append(f"<p><strong>{title}</strong>: {links}</p>")
        sections.append(f"<section>\n<h2>{title}</h2>\n<p>{words}</p>")
        sections += [_article(name, operation, document) for name, operation in zip(names, those)]
        sections.append("</section>")
    return Template(_TEMPLATE.read_text("utf-8")).substitute(
        title=escape(document["info"]["title"]),
        description=_words(document["info"]["description"]),
        contents="\n".join(contents),
        sections="\n".join(sections),
    )


def _article(name: str, operation: Document, document: Document) -> str:
    channel, message = document["channels"][name], document["components"]["messages"][name]
    parts = [
        f'<article id="{escape(name)}">',
        f"<h3><code>{escape(name)}</code></h3>",
        f'<p class="kind">{_place(channel["bindings"]["amqp"])} · '
        f'<span class="{operation["action"]}">{_DIRECTIONS[operation["action"]]}</span></p>',
        f"<p>{_words(message['summary'])}</p>",
        f"<p>{_words(message['description'])}</p>",
    ]
    parts += _table("Body", message["payload"], document)
    parts += _table("Headers", message.get("headers", {}), document)
    parts += _table("Properties", message["x-amqp-properties"], document)
    for example in message["examples"]:
        shown = json.dumps(example["payload"], indent=2, ensure_ascii=False)
        parts.append(f"<h4>Example of a body</h4>\n<pre>{escape(shown)}</pre>")
    arguments = channel["bindings"]["amqp"].get("x-queue-arguments")
    if arguments:
        shown = json.dumps(arguments, indent=2)
        parts.append(
            "<details><summary>Arguments of the queue's declaration</summary>"
            f"<pre>{escape(shown)}</pre></details>"
        )
    return "\n".join([*parts, "</article>"])


def _place(binding: Document) -> str:
    if binding["is"] == "queue":
        return "durable queue"
    exchange = binding["exchange"]
    return f'routing key of the {exchange["type"]} exchange <code>{escape(exchange["name"])}</code>'


def _table(title: str, schema: Document, document: Document) -> list[str]:
    schema = _resolved(schema, document)
    rows = list(_rows("", schema, document))
    if not rows:
        words = schema.get("description")
        return [f"<h4>{title}</h4>", f"<p>{_words(words)}</p>"] if words else []
    head = "<thead><tr><th>Name</th><th>Kind</th><th>Meaning</th></tr></thead>"
    return [f"<h4>{title}</h4>", f"<table>{head}", "<tbody>", *rows, "</tbody></table>"]


def _rows(above: str, schema: Document, document: Document) -> Iterator[str]:
    """Yield a row for each field, followed by the rows of its nested fields."""
    for name, field in schema.get("properties", {}).items():
        resolved = _resolved(field, document)
        path, kind = f"{above}{name}", _kind(resolved, document)
        if name in schema.get("required", ()):
            kind = f"<strong>required</strong> {kind}"
        description = _words(resolved.get("description", ""))
        yield (
            f'<tr><th scope="row"><code>{escape(path)}</code></th>'
            f'<td class="kind">{kind}</td><td>{description}</td></tr>'
        )
        for each in _alternatives(resolved, document):
            yield from _rows(f"{path}.", each, document)
            if "items" in each:
                yield from _rows(f"{path}[].", _resolved(each["items"], document), document)


def _alternatives(schema: Document, document: Document) -> list[Document]:
    return [_resolved(each, document) for each in schema.get("anyOf", [schema])]


def _resolved(schema: Document, document: Document) -> Document:
    """Return a schema merged with its reference; its own members take precedence."""
    references = schema.get("allOf", [schema])
    if "$ref" not in references[0]:
        return schema
    model = document["components"]["schemas"][references[0]["$ref"].rpartition("/")[2]]
    return {**model, **{name: value for name, value in schema.items() if name != "allOf"}}


def _kind(schema: Document, document: Document) -> str:
    """Return a short description of the values that a schema allows."""
    kinds = [_one_kind(each) for each in _alternatives(schema, document)]
    return " or ".join(dict.fromkeys(kinds))


def _one_kind(schema: Document) -> str:
    if "const" in schema:
        return f"<code>{escape(json.dumps(schema['const']))}</code>"
    if "enum" in schema:
        return _values(schema["enum"])
    kind = schema.get("format") if schema.get("type") == "string" else schema.get("type")
    words = [escape(str(kind or schema.get("type", "any")))]
    lowest, highest = schema.get("minimum"), schema.get("maximum")
    if lowest is not None and highest is not None:
        words.append(f"{lowest:,} to {highest:,}" if highest < 2**31 else f"from {lowest:,}")
    if "maxLength" in schema and "format" not in schema:
        words.append(f"up to {schema['maxLength']:,} characters")
    if "maxItems" in schema:
        words.append(f"{schema.get('minItems', 0)} to {schema['maxItems']}")
    return ", ".join(words)


def _values(values: list[str]) -> str:
    shown = ", ".join(f"<code>{escape(each)}</code>" for each in values[:_SHOWN_VALUES])
    more = len(values) - _SHOWN_VALUES
    return f"{shown} and {more} more" if more > 0 else shown


def _words(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text))
