"""The responses of the demo shop equal those in the documents."""

import json
import re
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import httpx
import pytest

from tests.conftest import sqlite_settings
from tests.support.processes import ROOT, ServedShop, serving

ADDRESS = "http://localhost:8000"
BLOCK = re.compile(r"```(bash|json)\n(.*?)```", re.DOTALL)
# These values differ between shops.
_ID = r"(?P<id>[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})"
_MOMENT = r"(?P<moment>\d{4}-\d{2}-\d{2}T[\d:.]+Z)"
# The name of a file depends on the image and the encoder.
_FILE = r"(?P<file>/media/[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{64}\.webp)"
_OWN = re.compile(f"{_ID}|{_MOMENT}|{_FILE}")
EXAMPLE_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
DAY = "2017-06-01"


@pytest.fixture(name="demo", scope="module")
def demo_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedShop]:
    """A shop that was started with --demo."""
    folder = tmp_path_factory.mktemp("demo")
    with serving(sqlite_settings(folder / "var"), folder, "--demo") as served:
        yield served


def stable(value: Any) -> Any:
    """Replace all moments, names of files and ids, except the id of the example, by constants."""
    if isinstance(value, dict):
        return {name: stable(each) for name, each in value.items()}
    if isinstance(value, list):
        return [stable(each) for each in value]
    if isinstance(value, str) and EXAMPLE_ID not in value:
        return _OWN.sub(lambda found: str(found.lastgroup), value)
    return value


def answers_of(shop: ServedShop, script: str) -> list[Any]:
    """Run the commands of a document against a shop; return the JSON that they print."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace(ADDRESS, shop.url)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    decoder, text, found = json.JSONDecoder(), done.stdout.strip(), []
    while text:
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:].strip()
    return found


def test_the_demo_sends_the_responses_in_the_readme(demo: ServedShop) -> None:
    blocks = BLOCK.findall((ROOT / "README.md").read_text("utf-8"))
    shown = [
        (script, json.loads(answer))
        for (kind, script), (following, answer) in pairwise(blocks)
        if (kind, following) == ("bash", "json") and "curl" in script
    ]
    answers = answers_of(demo, "\n".join(script for script, _ in shown))
    # The README does not show the registration.
    assert answers.pop(1)["username"] == "ada"
    assert [stable(each) for each in answers] == [stable(answer) for _, answer in shown]


def log_in(client: httpx.Client, name: str) -> None:
    """Register as the documentation shows, and log in."""
    document = client.get("/docs/openapi.json").json()
    fields = document["components"]["schemas"]["UserCreate"]["properties"]
    person = {field: each["examples"][0] for field, each in fields.items()}
    person |= {"username": name, "email": f"{name}@example.com"}
    assert client.post("/api/v1/users", json=person).status_code == 201
    form = {"username": name, "password": person["password"]}
    pair = client.post("/api/v1/auth/token", data=form).json()
    client.headers["Authorization"] = f"Bearer {pair['access_token']}"


def test_the_order_of_the_documentation_is_placed(demo: ServedShop) -> None:
    with httpx.Client(base_url=demo.url, timeout=60) as client:
        log_in(client, "grace")
        document = client.get("/docs/openapi.json").json()
        operation = document["paths"]["/api/v1/orders"]["post"]
        reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        schema = document["components"]["schemas"][reference.rpartition("/")[2]]
        (example,) = schema["examples"]
        answer = client.post("/api/v1/orders", json=example)
        assert answer.status_code == 201, answer.text
        assert answer.json()["delivery_address"] == example["delivery_address"]
        product = client.get(f"/api/v1/products/{EXAMPLE_ID}").json()
        assert product["sku"] == "1058997"


def test_a_log_in_with_json_is_refused_with_the_expected_form(demo: ServedShop) -> None:
    answer = httpx.post(f"{demo.url}/api/v1/auth/token", json={"username": "ada"})
    problem = answer.json()
    assert (answer.status_code, problem["title"]) == (415, "The body has the wrong media type")
    assert problem["detail"] == (
        "Content-Type must be application/x-www-form-urlencoded, not application/json: "
        "send the fields as a form (name=value&name=value)"
    )


def test_the_day_of_the_examples_has_a_report() -> None:
    text = (ROOT / "docs" / "reports.md").read_text("utf-8")
    assert f"uv run lavka report {DAY}" in text and f'`{{"day": "{DAY}"}}`' in text
    rows = (ROOT / "app" / "demo" / "orders.csv").read_text("utf-8")
    assert f",{DAY}T" in rows
