"""The order of a draft, as it is asked for and as it is read."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from app.models import OrderDraft
from app.schemas.orders.draft_schema import DraftPlace
from app.security.principal import Caller
from app.services.orders.amounts import Offers
from app.tables.orders import Contact


@dataclass(frozen=True, slots=True)
class AskedDraft:
    """The order of a draft that staff asks for; what is in it is read when it is placed."""

    caller: Caller
    draft_id: UUID
    data: DraftPlace
    headers: Mapping[str, str] | None = None
    """The headers of its events, instead of those of the current context."""

    @property
    def named_buyer(self) -> UUID | None:
        """The user for whom the order is, as far as it is known before the draft is read: none."""
        return None

    @property
    def variant_ids(self) -> set[UUID]:
        """The variants that are known before the draft is read: none."""
        return set()


@dataclass(frozen=True, slots=True)
class OrderedDraft:
    """What an order has beside its goods if staff wrote it as a draft before."""

    draft: OrderDraft
    contact: Contact
    expected_total: Decimal
    """The total that the customer has agreed to."""
    offers: Offers

    @property
    def id(self) -> UUID:
        """The id of the draft."""
        return self.draft.id
