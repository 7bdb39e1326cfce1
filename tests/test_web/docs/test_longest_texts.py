"""Texts as long as the OpenAPI document allows are accepted and shown, on both databases."""

from typing import Any

import httpx

from app.wiring.resources import Shop
from tests.test_web.docs.documents import Document, document_of, operations_of
from tests.test_web.docs.test_documented_examples import (
    STRANGE,
    example_of,
    fits,
    fitting,
    resolved,
    target_of,
)

# No other letter becomes longer when it is folded: three letters.
LETTERS = ("\N{LATIN SMALL LIGATURE FFI}", "x")


def longest(value: Any, schema: Document, document: Document) -> Any:
    """Return an example with each free text as long as its schema allows."""
    schema = resolved(schema, document)
    for each in schema.get("anyOf", ()):
        if fits(value, each, document):
            return longest(value, each, document)
    if isinstance(value, dict):
        fields = schema.get("properties", {})
        return {name: longest(each, fields.get(name, {}), document) for name, each in value.items()}
    if isinstance(value, list):
        return [longest(each, schema.get("items", {}), document) for each in value]
    if isinstance(value, str) and "maxLength" in schema and "format" not in schema:
        texts = (letter * schema["maxLength"] for letter in LETTERS)
        return next((text for text in texts if fits(text, schema, document)), value)
    return value


async def send_longest(
    client: httpx.AsyncClient, shop: Shop, document: Document, method: str, path: str
) -> httpx.Response:
    """Send the example of an operation with its longest texts."""
    operation = document["paths"][path][method.lower()]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    example = example_of(schema, document)
    body = longest(example, schema, document)
    url, headers = await target_of(path, operation, client, shop)
    response = await client.request(method, url, headers=headers, json=body)
    if response.status_code != 400:
        return response
    # The document does not describe every rule, such as that of VAT numbers.
    names = {each["pointer"].split("/")[1] for each in response.json()["errors"]}
    body |= {name: example[name] for name in names}
    return await client.request(method, url, headers=headers, json=body)


async def test_the_longest_texts_are_accepted_and_shown(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    document = await document_of(client)
    operations = operations_of(document)
    accepted = 0
    for (method, path), operation in operations.items():
        if "application/json" in operation.get("requestBody", {}).get("content", {}):
            response = await send_longest(client, shop, document, method, path)
            # The same text may be the SKU of another product.
            is_taken = response.status_code == 409
            assert response.is_success or is_taken or path in STRANGE, (path, response.text)
            assert response.status_code < 500, (path, response.text)
            accepted += response.is_success
    assert accepted >= 35
    for (method, path), operation in operations.items():
        needs_none = not any(each["required"] for each in operation["parameters"])
        if method == "GET" and needs_none:
            headers = await fitting(operation, client, shop)
            response = await client.get(f"http://shop.test{path}", headers=headers)
            assert response.status_code == 200, (path, response.text)
