"""A message as a transport hands it over."""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

_SUSPECT_FROM = 2
MAX_ID_BYTES = 255
"""What the column of an id has room for, and a property of AMQP."""
DELIVERY_LIMIT, EXPIRED = "delivery_limit", "expired"
"""Reasons for which RabbitMQ takes a message from its queue, as its header `x-death` has them."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as a transport hands it over."""

    queue: str
    message_id: str | None
    body: bytes
    attempts: int = 0
    """How often it was tried and failed for the moment."""
    is_redelivered: bool = False
    delivery_count: int = 0
    headers: Mapping[str, Any] = field(default_factory=dict)
    """What its sender has told beside the body."""
    returned_for: str | None = None
    """Why the broker took it from its queue, if it did."""
    # Made once: whoever loses the answer to a commit tries the message again under the same id.
    own_id: str = field(default_factory=lambda: f"unnamed-{uuid.uuid4().hex}")

    @property
    def stored_id(self) -> str:
        """The id under which it is stored: its own, or the one that was made for it."""
        return self.message_id or self.own_id

    @property
    def operation_id(self) -> UUID | None:
        """The operation that it may carry out: the shop names such a message by its operation."""
        try:
            return UUID(self.message_id or "")
        except ValueError:
            return None

    @property
    def digest(self) -> bytes:
        """What tells bodies apart."""
        return hashlib.sha256(self.body).digest()

    @property
    def is_suspect(self) -> bool:
        """Whether it came back so often that it may be what kills its processes."""
        return self.delivery_count >= _SUSPECT_FROM or self.returned_for == DELIVERY_LIMIT


def shared_headers(deliveries: Sequence[Delivery]) -> Mapping[str, Any]:
    """Return the headers of a message that is alone; what is done for several is nobody's own."""
    return deliveries[0].headers if len(deliveries) == 1 else {}


def storable_id(given: str) -> str:
    """Return the id that a message has in the database, where a text has a bound and no zero."""
    text = given.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")
    if len(text.encode()) <= MAX_ID_BYTES:
        return text
    # What is cut off still tells ids apart.
    ending = f"~{hashlib.sha256(text.encode()).hexdigest()}"
    return text.encode()[: MAX_ID_BYTES - len(ending)].decode("utf-8", "ignore") + ending
