"""Prints an API document of the configured shop, without a network or data."""

import argparse
import asyncio
import json

import httpx

from main import create_app


async def document(name: str) -> object:
    """Return a document as the shop serves it."""
    transport = httpx.ASGITransport(create_app())  # type: ignore[arg-type]  # two ASGI spellings
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
        response = await client.get(f"/docs/{name}.json")
        return response.raise_for_status().json()


def main() -> None:
    """Print the document, indented so that findings have line numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=("openapi", "asyncapi"))
    name = parser.parse_args().name
    print(json.dumps(asyncio.run(document(name)), indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
