"""Stripe as a provider of payments, through its library."""

import asyncio
import importlib
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import SecretStr

from app.gateways.payments.provider import (
    PaymentOrder,
    PaymentState,
    ProviderRefusal,
    ProviderUnreachable,
    RefundState,
)
from app.gateways.payments.stripe_events import HEADER, payment_of, require_signature
from app.gateways.payments.stripe_states import payment_state, refund_state
from app.gateways.payments.stripe_units import to_stripe
from app.models import PaymentStatus
from app.settings import InvalidSettings, Settings

if TYPE_CHECKING:
    from stripe import PaymentIntent, StripeClient, StripeError
    from stripe.params import PaymentIntentListParams

logger = logging.getLogger(__name__)

_ANSWER_SECONDS = 8.0
_PAGE = 100
_MAX_KEYS = 10
# A wrong API key says nothing about a payment; a key in use or a rate limit means a retry.
_NO_ANSWER = frozenset({401, 403, 409, 429})
_NOT_POSSIBLE = "payment_intent_unexpected_state"
_OTHER_REQUEST = "idempotency_error"
_SECRET = re.compile(r"\b(?:(?:sk|rk|pk)_(?:live|test)_|whsec_)[\w*]+|_secret_\w+", re.ASCII)
_CHARGE = "latest_charge"

_Key = TypeVar("_Key", str, str | None)
_Call = Callable[["StripeClient", _Key], Awaitable["PaymentIntent"]]


def stripe_provider(settings: Settings) -> "StripeProvider":
    """Return the provider of the settings; nothing is sent or imported yet.

    Raises:
        InvalidSettings: the key is not set.
    """
    if settings.stripe_secret_key is None:
        raise InvalidSettings("STRIPE_SECRET_KEY: must be set for PAYMENT_PROVIDERS=stripe")
    return StripeProvider(
        settings.stripe_secret_key,
        settings.stripe_webhook_secrets,
        settings.shop_name,
        api_base=settings.stripe_api_base,
    )


class StripeProvider:
    """PaymentIntents of Stripe, whose statuses and units are converted to those of the shop."""

    code = "stripe"

    def __init__(
        self,
        secret_key: SecretStr,
        webhook_secrets: Sequence[SecretStr],
        shop: str,
        *,
        api_base: str | None = None,
        answer_seconds: float = _ANSWER_SECONDS,
    ) -> None:
        self._secret_key = secret_key
        self._webhook_secrets = webhook_secrets
        self._shop = shop
        self._api_base = None if api_base is None else api_base.rstrip("/")
        self._answer_seconds = answer_seconds
        self._opened: StripeClient | None = None
        self._closing: Callable[[], Awaitable[None]] | None = None

    async def begin(self, asked: PaymentOrder, key: str) -> PaymentState:
        """Begin a payment.

        Raises:
            ProviderUnreachable: Stripe does not answer.
            ProviderRefusal: Stripe does not begin it.
        """
        amount = to_stripe(asked.amount_minor, asked.currency)

        async def create(client: "StripeClient", sent_key: str) -> "PaymentIntent":
            return await client.v1.payment_intents.create_async(
                {
                    "amount": amount,
                    "currency": asked.currency.lower(),
                    "automatic_payment_methods": {"enabled": True},
                    "capture_method": "automatic" if asked.captures_by_itself else "manual",
                    "expand": [_CHARGE],
                    "metadata": {
                        "order_id": str(asked.order_id),
                        "order_number": str(asked.order_number),
                        "payment_id": str(asked.payment_id),
                        "shop": self._shop,
                    },
                },
                {"idempotency_key": sent_key},
            )

        # Each key may have been answered with an error. A second intent takes no money twice:
        # nobody has the secret of the first one.
        further = (f"{key}:{number}" for number in range(1, _MAX_KEYS))
        return await self._once(create, [key, *further])

    async def look(self, reference: str) -> PaymentState:
        """Return the current state of a payment.

        Raises:
            ProviderUnreachable: Stripe does not answer.
            ProviderRefusal: Stripe does not know it.
        """
        async with self._calling() as client:
            found = await client.v1.payment_intents.retrieve_async(reference, {"expand": [_CHARGE]})
        return payment_state(found.to_dict())

    async def capture(self, reference: str, amount_minor: int, key: str) -> PaymentState:
        """Take authorised money, in the currency of the payment; release the rest.

        Raises:
            ProviderUnreachable: Stripe does not answer.
            ProviderRefusal: Stripe does not take it.
        """
        payment = await self.look(reference)
        if payment.status is PaymentStatus.CAPTURED:
            return payment
        amount = to_stripe(amount_minor, payment.currency)

        async def take(client: "StripeClient", sent_key: str | None) -> "PaymentIntent":
            return await client.v1.payment_intents.capture_async(
                reference,
                {"amount_to_capture": amount, "expand": [_CHARGE]},
                {"idempotency_key": sent_key} if sent_key else {},
            )

        return await self._finish(reference, take, key, {PaymentStatus.CAPTURED})

    async def void(self, reference: str, key: str) -> PaymentState:
        """End a payment without taking money; a captured one is returned unchanged.

        Raises:
            ProviderUnreachable: Stripe does not answer.
            ProviderRefusal: Stripe does not end it.
        """

        async def cancel(client: "StripeClient", sent_key: str | None) -> "PaymentIntent":
            return await client.v1.payment_intents.cancel_async(
                reference,
                {"expand": [_CHARGE]},
                {"idempotency_key": sent_key} if sent_key else {},
            )

        final = {PaymentStatus.CAPTURED, PaymentStatus.VOIDED}
        return await self._finish(reference, cancel, key, final)

    async def refund(self, reference: str, amount_minor: int, key: str) -> RefundState:
        """Return money that was captured.

        Raises:
            ProviderUnreachable: Stripe does not answer.
            ProviderRefusal: Stripe does not return it.
        """
        amount = to_stripe(amount_minor, (await self.look(reference)).currency)
        # Stripe forgets keys after a day, and stores its internal errors under them.
        if (made := await self._refund_of(reference, key)) is not None:
            return made
        async with self._calling() as client:
            refund = await client.v1.refunds.create_async(
                {"payment_intent": reference, "amount": amount, "metadata": {"key": key}},
                {"idempotency_key": key},
            )
        return refund_state(refund.to_dict())

    async def read_event(self, body: bytes, headers: Mapping[str, str]) -> str | None:
        """Return the PaymentIntent that an event is about, or None.

        Raises:
            SignatureWrong: the event was not signed by Stripe.
        """
        header = next((value for name, value in headers.items() if name.lower() == HEADER), None)
        secrets = [each.get_secret_value() for each in self._webhook_secrets]
        require_signature(body, header, secrets)
        return payment_of(body)

    async def since(self, moment: datetime) -> AsyncIterator[PaymentState]:
        """Yield the payments of the account that were begun at a moment or later, newest first.

        Raises:
            ProviderUnreachable: Stripe does not answer.
            ProviderRefusal: Stripe does not list them.
        """
        asked: PaymentIntentListParams = {
            "created": {"gte": int(moment.timestamp())},
            "limit": _PAGE,
            "expand": [f"data.{_CHARGE}"],
        }
        while True:
            async with self._calling() as client:
                page = await client.v1.payment_intents.list_async(asked)
            for each in page.data:
                yield payment_state(each.to_dict())
            if not page.has_more:
                return
            asked["starting_after"] = page.data[-1].id

    async def close(self) -> None:
        """Close the connections."""
        closing, self._closing, self._opened = self._closing, None, None
        if closing is not None:
            await closing()

    async def _client(self) -> "StripeClient":
        if self._opened is None:
            # The import takes 0.3 s, during which other requests continue.
            await asyncio.to_thread(importlib.import_module, "stripe")
        if self._opened is None:
            self._opened = self._open()
        return self._opened

    def _open(self) -> "StripeClient":
        # The library is installed only for shops with Stripe.
        # pylint: disable=import-outside-toplevel
        from aiohttp import ClientTimeout
        from stripe import AIOHTTPClient, StripeClient

        # The library would log each request.
        logging.getLogger("stripe").setLevel(logging.WARNING)
        http = AIOHTTPClient(timeout=ClientTimeout(total=self._answer_seconds))
        self._closing = http.close_async
        return StripeClient(
            self._secret_key.get_secret_value(),
            base_addresses={"api": self._api_base} if self._api_base else None,
            max_network_retries=0,
            http_client=http,
        )

    async def _once(self, call: _Call[_Key], keys: Sequence[_Key]) -> PaymentState:
        """Make an idempotent call, and return the current state.

        Stripe stores the answer to a key, even a temporary error: then `call` is repeated with the
        next key.
        """
        async with self._calling() as client:
            from stripe import StripeError  # pylint: disable=import-outside-toplevel

            for key in keys:
                try:
                    intent = await call(client, key)
                    break
                except StripeError as error:
                    if key == keys[-1] or not _is_repeated(error):
                        raise
        if _is_repeated(intent.last_response):
            return await self.look(intent.id)
        return payment_state(intent.to_dict())

    async def _finish(
        self, reference: str, call: _Call[str | None], key: str, final: set[PaymentStatus]
    ) -> PaymentState:
        """End a payment by a call, or return it if it has one of the final statuses."""
        try:
            try:
                return await self._once(call, [key, None])
            except ProviderRefusal as refusal:
                if refusal.code != _OTHER_REQUEST:
                    raise
                # An example is a capture of another amount whose answer was lost.
                return await self._once(call, [None])
        except ProviderRefusal as refusal:
            if refusal.code != _NOT_POSSIBLE:
                raise
            payment = await self.look(reference)
            if payment.status not in final:
                raise
            return payment

    async def _refund_of(self, reference: str, key: str) -> RefundState | None:
        async with self._calling() as client:
            page = await client.v1.refunds.list_async({"payment_intent": reference, "limit": _PAGE})
            async for each in page.auto_paging_iter():
                refund = each.to_dict()
                if (refund.get("metadata") or {}).get("key") == key:
                    return refund_state(refund)
        return None

    @asynccontextmanager
    async def _calling(self) -> AsyncIterator["StripeClient"]:
        """Turn the errors of the library into those of the shop."""
        client = await self._client()
        # pylint: disable=import-outside-toplevel
        from aiohttp import ClientError
        from stripe import StripeError

        try:
            yield client
        except StripeError as error:
            raise _told(error) from error
        except (ClientError, OSError) as error:
            # The library does not convert errors that occur while it reads an answer.
            raise ProviderUnreachable(f"Stripe: {type(error).__name__}") from error


def _told(error: "StripeError") -> ProviderUnreachable | ProviderRefusal:
    """Return an error of Stripe as one of the shop, without keys and secrets."""
    status = error.http_status
    if status in (401, 403):
        logger.error("Stripe refuses the key of STRIPE_SECRET_KEY: %s", status)
    if status is None or status < 400 or status >= 500 or status in _NO_ANSWER:
        return ProviderUnreachable(f"Stripe: {type(error).__name__} {status or ''}".rstrip())
    body = error.json_body if isinstance(error.json_body, dict) else {}
    details = body.get("error") or {}
    code = details.get("code") or details.get("type") or "unknown"
    return ProviderRefusal(str(code), _SECRET.sub("…", error.user_message or str(code)))


def _is_repeated(answer: Any) -> bool:
    """Return whether Stripe repeated its stored answer to the same key."""
    return answer is not None and answer.headers.get("idempotent-replayed") == "true"
