"""A message as a transport delivers it."""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct, field

_SUSPECT_FROM = 2
MAX_ID_BYTES = 255
"""The size of the column for ids, and of a property in AMQP."""
DELIVERY_LIMIT, EXPIRED = "delivery_limit", "expired"
"""Reasons for which RabbitMQ dead-letters a message, as in its header `x-death`."""


class Delivery(Struct, frozen=True):
    """A message as a transport delivers it."""

    queue: str
    message_id: str | None
    body: bytes
    attempts: int = 0
    """How often the message failed and was postponed."""
    is_redelivered: bool = False
    delivery_count: int = 0
    headers: Mapping[str, Any] = {}
    """The headers that the sender of the message has set."""
    returned_for: str | None = None
    """Why the broker dead-lettered the message, if it did."""
    has_waited: bool = False
    """Whether the message has waited for the resource that it changes."""
    # Generated once: if the response to a commit is lost, the message is retried under the same id.
    own_id: str = field(default_factory=lambda: f"unnamed-{uuid.uuid4().hex}")

    @property
    def stored_id(self) -> str:
        """The id under which the message is stored: its own, or the generated one."""
        return self.message_id or self.own_id

    @property
    def operation_id(self) -> UUID | None:
        """The operation that the message may carry out, which has the same id."""
        try:
            return UUID(self.message_id or "")
        except ValueError:
            return None

    @property
    def digest(self) -> bytes:
        """The digest of the body."""
        return hashlib.sha256(self.body).digest()

    @property
    def is_suspect(self) -> bool:
        """Whether the message was redelivered so often that it may crash its workers."""
        return self.delivery_count >= _SUSPECT_FROM or self.returned_for == DELIVERY_LIMIT


def shared_headers(deliveries: Sequence[Delivery]) -> Mapping[str, Any]:
    """Return the headers of a single message, or no headers for several messages."""
    return deliveries[0].headers if len(deliveries) == 1 else {}


def storable_id(given: str) -> str:
    """Return a message id as it is stored: bounded in size and without zeros."""
    text = given.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")
    if len(text.encode()) <= MAX_ID_BYTES:
        return text
    # The digest keeps truncated ids distinct.
    ending = f"~{hashlib.sha256(text.encode()).hexdigest()}"
    return text.encode()[: MAX_ID_BYTES - len(ending)].decode("utf-8", "ignore") + ending
