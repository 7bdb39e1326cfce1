"""The messages of a kill test: real baskets, some invalid, some whose handler fails at first."""

import json
import random
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from benchmarks.replay import Basket

STUMBLING_CITY = "Stumbling"
"""The city of orders whose handler fails at first."""

_HOPELESS_PART, _STUMBLING_PART, _TWICE_PART = 0.01, 0.05, 0.05
_TOO_MANY = 1_000


@dataclass(frozen=True, slots=True)
class Message:
    """An order message, and its expected result."""

    id: str
    """The id of the message, and the street of its order, by which the test finds the order."""
    body: dict[str, Any]
    quantities: Mapping[UUID, int]
    refusal: str | None
    """The code with which an invalid message must be parked."""

    @property
    def content(self) -> bytes:
        """The body as JSON."""
        return json.dumps(self.body).encode()


@dataclass(frozen=True, slots=True)
class Goods:
    """The users of the shop, its products, and one product with little stock."""

    users: Mapping[str, UUID]
    products: Mapping[str, UUID]
    scarce: UUID


@dataclass(frozen=True, slots=True)
class Plan:
    """The messages in the order of sending, some of them twice."""

    messages: Sequence[Message]
    sendings: Sequence[Message]

    @property
    def hopeless(self) -> dict[str, str]:
        """The codes with which messages must be parked, by their ids."""
        return {each.id: each.refusal for each in self.messages if each.refusal is not None}

    @property
    def placed(self) -> dict[str, Message]:
        """The messages that must become orders, by their ids."""
        return {each.id: each for each in self.messages if each.refusal is None}

    @property
    def stumbling_count(self) -> int:
        """The number of messages whose handler fails at first."""
        return sum(_is_stumbling(each) for each in self.messages)


def pieces_needed(baskets: Sequence[Basket]) -> Counter[str]:
    """Return the units of each SKU in all baskets."""
    needed: Counter[str] = Counter()
    for basket in baskets:
        needed.update(basket.quantities)
    return needed


def address_of(message_id: str, city: str) -> dict[str, str]:
    """Return the delivery address of the order of a message."""
    return {"street": message_id, "city": city, "postal_code": "10115", "country": "DE"}


def plan(baskets: Sequence[Basket], goods: Goods, chance: random.Random) -> Plan:
    """Return the messages for the baskets, the same for the same seed."""
    places = list(range(len(baskets)))
    chance.shuffle(places)
    hopeless_count = max(3, round(len(baskets) * _HOPELESS_PART))
    hopeless = places[:hopeless_count]
    stumbling = set(places[hopeless_count:][: round(len(baskets) * _STUMBLING_PART)])
    messages = [
        _message(number, basket, goods, chance, STUMBLING_CITY if number in stumbling else "Chaos")
        for number, basket in enumerate(baskets)
    ]
    for turn, place in enumerate(hopeless):
        messages[place] = _without_hope(messages[place], goods, chance, turn)
    return Plan(messages, _sendings(messages, chance))


def _message(
    number: int, basket: Basket, goods: Goods, chance: random.Random, city: str
) -> Message:
    message_id = str(uuid.UUID(int=chance.getrandbits(128), version=4))
    quantities = {goods.products[sku]: pieces for sku, pieces in basket.quantities.items()}
    body: dict[str, Any] = {
        "user_id": str(goods.users[basket.username]),
        "items": [{"variant_id": str(key), "quantity": many} for key, many in quantities.items()],
        "delivery_address": address_of(message_id, city),
    }
    # An order whose id is chosen by its sender cannot exist twice; only the inbox prevents
    # duplicates of the others.
    if number % 2:
        body["id"] = message_id
    return Message(message_id, body, quantities, None)


def _without_hope(message: Message, goods: Goods, chance: random.Random, turn: int) -> Message:
    items = list(message.body["items"])
    if turn % 3 == 0:
        unknown = uuid.UUID(int=chance.getrandbits(128), version=4)
        items.append({"product_id": str(unknown), "quantity": 1})
        return Message(message.id, message.body | {"items": items}, {}, "product-not-found")
    if turn % 3 == 1:
        items.append({"variant_id": str(goods.scarce), "quantity": _TOO_MANY})
        return Message(message.id, message.body | {"items": items}, {}, "insufficient-stock")
    # The reason contains the name of the field, and PostgreSQL cannot store a NUL in a text.
    return Message(message.id, message.body | {"a\0b": "none"}, {}, "invalid-input")


def _sendings(messages: Sequence[Message], chance: random.Random) -> list[Message]:
    """Return the messages with some of them twice: at once, or much later."""
    sendings = list(messages)
    for message in chance.sample(list(messages), round(len(messages) * _TWICE_PART)):
        place = sendings.index(message) + 1
        if chance.random() < 0.5:
            place = chance.randint(place, len(sendings))
        sendings.insert(place, message)
    return sendings


def _is_stumbling(message: Message) -> bool:
    return message.refusal is None and message.body["delivery_address"]["city"] == STUMBLING_CITY
