"""The export and erasure of data by a person without an account, who proves an e-mail address."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select, update

from app.models import Cart, GuestProof
from app.wiring.lifecycle import delete_expired
from app.wiring.resources import Shop
from tests.support.accounts import events_of, kind_of, later, mails_of
from tests.support.queries import statements_of
from tests.support.tables import everything
from tests.test_controllers.carts.setting import guest
from tests.test_controllers.data.guests import (
    BILLING,
    DELIVERY,
    EMAIL,
    NOTE,
    SPELLED,
    ask,
    bought,
    erased,
    exported,
    marked,
    rows_of,
    sent,
    token_in,
    token_of,
)


async def test_a_token_is_mailed_to_every_address_in_the_requested_language(
    machine: httpx.AsyncClient, home: httpx.AsyncClient, still: Shop
) -> None:
    await bought(machine, home, "pending")
    await sent(still)
    answers = [
        await ask(home, EMAIL, locale="de-AT"),
        await ask(home, "nobody@example.com", locale="ru"),
        await ask(home, "nobody@example.com", locale="fr"),
    ]
    # The bodies are identical, and so are the headers, except for those of the request itself.
    own = {"x-request-id", "ratelimit-remaining", "ratelimit-reset"}
    shapes = [
        (
            each.status_code,
            each.content,
            sorted((name, value) for name, value in each.headers.items() if name not in own),
        )
        for each in answers
    ]
    assert shapes[0][:2] == (202, b"") and shapes == [shapes[0]] * 3
    mails = await mails_of(still)
    assert [(mail.recipient, mail.user_id, mail.subject) for mail in mails] == [
        (EMAIL, None, "Ihre Daten bei Lavka"),
        ("nobody@example.com", None, "Ваши данные в магазине «Lavka»"),
        ("nobody@example.com", None, "Your data at Lavka"),
    ]
    tokens = {token_in(mail) for mail in mails}
    assert len(tokens) == 3
    assert all(mail.html is not None and token_in(mail) in mail.html for mail in mails)
    stored = repr(await rows_of(still, "guest_proofs"))
    assert not any(token in stored for token in tokens)


async def test_a_request_costs_the_same_statements_for_a_known_and_an_unknown_address(
    machine: httpx.AsyncClient, home: httpx.AsyncClient, still: Shop
) -> None:
    await bought(machine, home, "pending")
    found = []
    for email in (EMAIL, "nobody@example.com"):
        with statements_of(still) as statements:
            assert (await ask(home, email)).status_code == 202
        found.append([each.sql for each in statements])
    assert found[0] == found[1] != []


async def test_an_export_has_all_stored_data_of_the_address(
    machine: httpx.AsyncClient, home: httpx.AsyncClient, still: Shop
) -> None:
    orders = await marked(machine, home, still)
    document = await exported(home, await token_of(home, still, SPELLED))
    names = ["carts", "email", "exported_at", "invoices", "kept", "mails", "orders", "returns"]
    assert sorted(document) == sorted([*names, "payments", "refunds", "shipments"])
    # The form in which `Email` stores the address.
    assert document["email"] == SPELLED
    shown = [(await machine.get(f"/orders/{each.order['id']}")).json() for each in orders.values()]
    assert document["orders"] == shown
    carts = {each["id"]: each for each in document["carts"]}
    assert list(carts) == [each.cart.cart_id for each in orders.values()]
    reopened = carts[orders["cancelled"].cart.cart_id]
    assert reopened["order_id"] is None
    assert [line["quantity"] for line in reopened["lines"]] == [2, 1]
    assert reopened["delivery_address"] == DELIVERY | {"region": ""}
    assert reopened["billing_address"] == BILLING | {"region": ""}
    assert (reopened["email"], reopened["note"], reopened["locale"]) == (EMAIL, NOTE, "de")
    kinds = [(each["order_id"], each["kind"]) for each in document["mails"]]
    assert sorted(kinds) == sorted(
        [(each.order["id"], "order_confirmed") for each in orders.values()]
        + [(orders["cancelled"].order["id"], "order_cancelled")]
    )
    assert [each["what"] for each in document["kept"]] == ["orders", "unfinished_orders"]
    assert all("law" in each["kept_because"] for each in document["kept"][:1])


async def test_the_export_of_an_address_without_data_is_empty(
    home: httpx.AsyncClient, still: Shop
) -> None:
    token = await token_of(home, still)
    document = await exported(home, token)
    assert document.pop("exported_at")
    nothing: dict[str, list[object]] = dict.fromkeys(
        (
            "carts",
            "orders",
            "payments",
            "refunds",
            "shipments",
            "returns",
            "invoices",
            "mails",
            "kept",
        ),
        [],
    )
    assert document == {"email": EMAIL} | nothing
    assert await erased(home, token) == {
        "deleted_carts": 0,
        "deleted_mails": 0,
        "cleared_orders": 0,
        "waiting_orders": 0,
        "kept": [],
    }


async def test_an_export_costs_as_much_for_many_orders_and_carts_as_for_one(
    machine: httpx.AsyncClient, home: httpx.AsyncClient, still: Shop
) -> None:
    counts = []
    token = await token_of(home, still)
    for _ in range(2):
        await bought(machine, home, "cancelled")
        with statements_of(still) as statements:
            await exported(home, token)
        counts.append(len([each for each in statements if "BEGIN" not in each.sql]))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("path", ["export", "erasure"])
async def test_a_token_that_is_wrong_or_expired_is_refused_and_nothing_is_changed(
    machine: httpx.AsyncClient, home: httpx.AsyncClient, still: Shop, path: str
) -> None:
    await bought(machine, home, "cancelled")
    token = await token_of(home, still)
    before = await everything(still)

    async def refusal_of(sent_token: str) -> tuple[int, str]:
        return kind_of(await home.post(f"/guest-data/{path}", json={"token": sent_token}))

    for wrong in (token[:-1], token + "A", token.swapcase(), "A" * 43):
        assert await refusal_of(wrong) == (401, "invalid-token")
    with later(still, timedelta(hours=1)):
        assert await refusal_of(token) == (401, "invalid-token")
    assert await everything(still) == before
    with later(still, timedelta(minutes=59)):
        response = await home.post(f"/guest-data/{path}", json={"token": token})
        assert response.status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("requests", {"email": "ada"}, "#/email"),
        ("requests", {"email": EMAIL, "locale": "deutsch!"}, "#/locale"),
        ("requests", {}, "#/email"),
        ("export", {"token": "a b"}, "#/token"),
        ("export", {"token": "A" * 101}, "#/token"),
        ("erasure", {"token": ""}, "#/token"),
        ("erasure", {"email": EMAIL}, "#/token"),
    ],
)
async def test_bad_input_is_refused_by_its_field(
    home: httpx.AsyncClient, still: Shop, path: str, body: dict[str, Any], pointer: str
) -> None:
    before = await everything(still)
    response = await home.post(f"/guest-data/{path}", json=body)
    assert kind_of(response) == (400, "invalid-input")
    assert pointer in [each["pointer"] for each in response.json()["errors"]]
    assert await everything(still) == before


async def test_expired_proofs_are_deleted(home: httpx.AsyncClient, still: Shop) -> None:
    await token_of(home, still)
    with later(still, timedelta(minutes=30)):
        await token_of(home, still, "other@example.com")
        await delete_expired(still)
        assert len(await rows_of(still, "guest_proofs")) == 2
    with later(still, timedelta(minutes=61)):
        await delete_expired(still)
    async with still.database.read() as session:
        assert list(await session.scalars(select(GuestProof.email))) == ["other@example.com"]


async def test_the_audit_trail_has_the_actions_without_personal_data(
    home: httpx.AsyncClient, still: Shop
) -> None:
    token = await token_of(home, still)
    (proof_id,) = [row[0] for row in await rows_of(still, "guest_proofs")]
    await exported(home, token)
    await erased(home, token)
    events = await events_of(still, str(proof_id))
    assert [(each.event, each.actor, each.address, each.detail) for each in events] == [
        ("guest.asked", "anonymous", None, {}),
        ("guest.exported", "anonymous", None, {}),
        ("guest.erased", "anonymous", None, {}),
    ]


async def test_with_a_storefront_the_mail_links_to_its_page(
    home: httpx.AsyncClient, still: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    storefront = {"storefront_url": "https://www.example.com/shop/"}
    monkeypatch.setattr(still, "settings", still.settings.model_copy(update=storefront))
    assert (await ask(home)).status_code == 202
    (mail,) = await mails_of(still)
    (link,) = re.findall(r"https://\S+", mail.body)
    assert link.startswith("https://www.example.com/shop/guest-data#token=")
    assert await exported(home, link.partition("=")[2])
    assert mail.html is not None and f'href="{link}"' in mail.html


async def test_a_cart_is_found_by_its_current_address(home: httpx.AsyncClient, still: Shop) -> None:
    cart = await guest(home, email="other@example.com")
    await cart.change(email=EMAIL)
    # A release without the keys of carts changes the address like this.
    stale = await guest(home, email=EMAIL)
    async with still.database.write() as session:
        changed = update(Cart).where(Cart.id == UUID(stale.cart_id))
        await session.execute(changed.values(email="third@example.com"))
    document = await exported(home, await token_of(home, still))
    assert [each["id"] for each in document["carts"]] == [cart.cart_id]
    await cart.change(email=None)
    assert (await exported(home, await token_of(home, still)))["carts"] == []
