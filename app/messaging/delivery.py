"""Messages as a transport hands them over, and as their handlers get them."""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.models import Operation
from app.schemas.base import Schema

_SUSPECT_FROM = 2


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
    # Made once: whoever loses the answer to a commit tries the message again under the same id.
    own_id: str = field(default_factory=lambda: f"unnamed-{uuid.uuid4().hex}")

    @property
    def digest(self) -> bytes:
        """What tells bodies apart."""
        return hashlib.sha256(self.body).digest()

    @property
    def is_suspect(self) -> bool:
        """Whether it came back so often that it may be what kills its processes."""
        return self.delivery_count >= _SUSPECT_FROM


@dataclass(frozen=True, slots=True)
class Parsed:
    """A message whose body says what it should."""

    delivery: Delivery
    message_id: str
    command: Schema
    operation: Operation | None = None


def shared_headers(deliveries: Sequence[Delivery]) -> Mapping[str, Any]:
    """Return the headers of a message that is alone; what is done for several is nobody's own."""
    return deliveries[0].headers if len(deliveries) == 1 else {}
