"""The export and erasure of the data of guests, by a proven e-mail address."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from msgspec.structs import replace

from app.core.clock import Clock
from app.core.email_addresses import address_key
from app.core.ids import new_id
from app.errors import InvalidToken
from app.mails.guest_data_mail import GuestDataMail
from app.mails.rendering import OrderMails
from app.models import Cart, GuestProof
from app.repositories.data.guest_proof_repository import GuestProofRepository
from app.schemas.data.export_schema import INVOICES_KEPT, KeptData
from app.schemas.data.guest_data_schema import (
    GuestCart,
    GuestCartLine,
    GuestDataRequest,
    GuestErasure,
    GuestExport,
    GuestMail,
)
from app.schemas.orders.order_schema import OrderRead
from app.security.areas.data import DataAudited
from app.security.principal import Caller
from app.security.tokens import digest_of, random_secret
from app.services.carts.carts_privacy import CartsPrivacy
from app.services.identity.account_service import AccountService
from app.services.invoices.invoice_books import InvoicesPrivacy
from app.services.messaging.messaging_privacy import MessagingPrivacy
from app.services.orders.orders_privacy import FINISHED, OrdersPrivacy
from app.services.personal_data import Guest
from app.services.system.audit_service import AuditService
from app.services.system.mail_service import MailService
from app.services.system.system_privacy import SystemPrivacy

LIFETIME = timedelta(hours=1)
_INVALID = "the token was not issued by this shop, has expired or was used"
_ORDERS = KeptData(
    what="orders",
    kept_because="the law requires the shop to keep its books: the lines, amounts, tax and "
    "countries of orders, and the VAT number of a business; names, addresses, the e-mail address "
    "and the note are not kept",
)
_UNFINISHED = KeptData(
    what="unfinished_orders",
    kept_because="an order that is neither delivered nor cancelled needs its addresses; they are "
    "cleared when it is",
)


class GuestDataService:
    """Proves the e-mail addresses of guests, and exports and erases the data under them."""

    def __init__(
        self,
        proofs: GuestProofRepository,
        carts: CartsPrivacy,
        orders: OrdersPrivacy,
        invoices: InvoicesPrivacy,
        messages: MessagingPrivacy,
        system: SystemPrivacy,
        accounts: AccountService,
        mails: MailService,
        renderer: OrderMails,
        audit: AuditService,
        clock: Clock,
        storefront_url: str | None,
    ) -> None:
        self._proofs = proofs
        self._carts = carts
        self._orders = orders
        self._invoices = invoices
        self._messages = messages
        self._system = system
        self._accounts = accounts
        self._mails = mails
        self._renderer = renderer
        self._audit = audit
        self._clock = clock
        self._storefront_url = storefront_url

    async def send_token(self, asked: GuestDataRequest, caller: Caller) -> None:
        """Send a token to an address, whether or not data are stored under it.

        Raises:
            TooManyRequests: too many mails to this address.
        """
        await self._accounts.limit_mails(asked.email)
        token, now = random_secret(), self._clock.now()
        proof = await self._proofs.add(
            GuestProof(
                id=new_id(now),
                token_digest=digest_of(token),
                email=asked.email,
                email_key=address_key(asked.email),
                created_at=now,
                expires_at=now + LIFETIME,
            )
        )
        mail = GuestDataMail(asked.locale, token, self._link(token))
        await self._mails.write_to_guest(asked.email, self._renderer.render_guest_data(mail))
        await self._record(DataAudited.GUEST_ASKED, caller, proof.id)

    async def export(self, token: str, caller: Caller) -> GuestExport:
        """Return all data that are stored under the address that a token proves.

        Raises:
            InvalidToken: the token is not one of the shop, has expired, or was ended by an erasure.
        """
        proof, guest = await self._proved(token)
        carts, quantities = await self._carts.of_guest(guest)
        exported = await self._orders.of_guest(guest)
        orders: list[OrderRead] = exported["orders"]
        invoices = await self._invoices.of_orders([each.id for each in orders])
        mails = await self._system.mails_about([each.id for each in orders])
        await self._record(DataAudited.GUEST_EXPORTED, caller, proof.id)
        return GuestExport(
            exported_at=self._clock.now(),
            email=guest.email,
            carts=[_shown(cart, quantities.get(cart.id, {})) for cart in carts],
            **exported,
            invoices=invoices,
            mails=[GuestMail.model_validate(each) for each in mails],
            kept=_kept(
                orders=len(orders),
                unfinished=sum(each.status not in FINISHED for each in orders),
                invoices=len(invoices),
            ),
        )

    async def erase(self, token: str, caller: Caller) -> GuestErasure:
        """Erase the data under the address that a token proves; all its tokens end.

        Raises:
            InvalidToken: the token is not one of the shop, has expired, or was ended by an erasure.
        """
        proof, guest = await self._proved(token)
        # The lock comes first: two erasures by different tokens wait for each other only here.
        proofs = [
            each for each in await self._proofs.locked_of(guest.key) if guest.owns(each.email)
        ]
        if proof not in proofs:
            raise InvalidToken(_INVALID)
        # A checkout that has begun ends before this returns, and its order is found.
        await self._carts.stop_guest(guest)
        orders = await self._orders.erase_guest(guest)
        order_ids = [*orders.cleared, *orders.waiting]
        deleted_carts = await self._carts.erase_guest(guest, orders.waiting)
        await self._messages.anonymise_results(order_ids)
        deleted_mails = await self._system.erase_guest(guest, order_ids)
        await self._proofs.delete_all([each.id for each in proofs])
        await self._record(DataAudited.GUEST_ERASED, caller, proof.id)
        return GuestErasure(
            erased_at=self._clock.now(),
            deleted_carts=deleted_carts + orders.deleted_carts,
            deleted_mails=deleted_mails,
            cleared_orders=len(orders.cleared),
            waiting_orders=len(orders.waiting),
            kept=_kept(
                orders=len(order_ids),
                unfinished=len(orders.waiting),
                invoices=len(await self._invoices.of_orders(order_ids)),
            ),
        )

    async def delete_expired(self) -> None:
        """Delete the proofs that have expired."""
        await self._proofs.delete_expired(self._clock.now())

    async def _proved(self, token: str) -> tuple[GuestProof, Guest]:
        proof = await self._proofs.find(digest_of(token), self._clock.now())
        if proof is None:
            raise InvalidToken(_INVALID)
        return proof, Guest(proof.email)

    async def _record(self, event: DataAudited, caller: Caller, proof_id: UUID) -> None:
        # The event has no network address: no later erasure could find it.
        await self._audit.record(event, replace(caller, address=None), proof_id)

    def _link(self, token: str) -> str | None:
        if self._storefront_url is None:
            return None
        return f"{self._storefront_url.rstrip('/')}/guest-data#token={token}"


def _kept(*, orders: int, unfinished: int, invoices: int) -> list[KeptData]:
    counts = ((_ORDERS, orders), (_UNFINISHED, unfinished), (INVOICES_KEPT, invoices))
    return [kept for kept, count in counts if count]


def _shown(cart: Cart, quantities: Mapping[UUID, int]) -> GuestCart:
    lines = [
        GuestCartLine(variant_id=each, quantity=quantity) for each, quantity in quantities.items()
    ]
    names = GuestCart.model_fields.keys() - {"lines"}
    return GuestCart(lines=lines, **{name: getattr(cart, name) for name in names})
