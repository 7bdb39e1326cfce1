"""The order of a draft: the request, and the content that is read."""

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from msgspec import Struct

from app.models import OrderDraft
from app.schemas.orders.draft_schema import DraftPlace
from app.security.principal import Caller
from app.services.orders.amounts import Offers
from app.tables.orders import Contact


class AskedDraft(Struct, frozen=True):
    """A request of staff to order a draft, whose content is read when the order is placed."""

    caller: Caller
    draft_id: UUID
    data: DraftPlace
    headers: Mapping[str, str] | None = None
    """The headers of its events, instead of those of the current context."""

    @property
    def named_buyer(self) -> UUID | None:
        """The user for whom the order is; it is unknown until the draft is read."""
        return None

    @property
    def variant_ids(self) -> set[UUID]:
        """The variants of the order; they are unknown until the draft is read."""
        return set()


class OrderedDraft(Struct, frozen=True):
    """The data of an order besides its goods if it comes from a draft."""

    draft: OrderDraft
    contact: Contact
    expected_total: Decimal
    """The total that the customer has agreed to."""
    offers: Offers

    @property
    def id(self) -> UUID:
        """The id of the draft."""
        return self.draft.id
