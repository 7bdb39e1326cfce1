"""The handling of payments in the stub of Stripe, and its refusals."""

from collections.abc import Mapping
from typing import Any

from tests.support.servers.stripe.books import Books
from tests.support.servers.stripe.cards import CARDS, METHODS, Card
from tests.support.servers.stripe.objects import (
    Object,
    card_error,
    new_charge,
    new_id,
    new_intent,
    new_refund,
)
from tests.support.servers.stripe.parameters import (
    amount,
    charged,
    limit,
    metadata,
    require,
    require_known,
)
from tests.support.servers.stripe.refusals import (
    Refused,
    invalid,
    missing,
    unexpected_state,
)

_CREATED_WITH = {
    *("amount", "automatic_payment_methods", "capture_method", "confirm", "currency"),
    *("customer", "description", "expand", "metadata", "payment_method", "receipt_email"),
    *("return_url", "statement_descriptor_suffix"),
}
_CAPTURE_METHODS = ("automatic", "automatic_async", "manual")
_BEFORE_MONEY = ("requires_payment_method", "requires_confirmation", "requires_action")
_CANCELABLE = (*_BEFORE_MONEY[:1], "requires_capture", *_BEFORE_MONEY[1:])
_AUTHORISED_SECONDS = 7 * 24 * 60 * 60


class Intents:
    """PaymentIntents, their charges and refunds."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def create(self, given: Object) -> Object:
        """Begin a payment."""
        require_known(given, _CREATED_WITH)
        value, currency = charged(given)
        method = given.get("capture_method", "automatic_async")
        if method not in _CAPTURE_METHODS:
            raise invalid(
                f"Invalid capture_method: must be one of {_CAPTURE_METHODS}", "capture_method"
            )
        if given.get("return_url") and given.get("confirm") != "true":
            raise invalid("`return_url` is only allowed when `confirm` is true.", "return_url")
        intent = new_intent(
            given | {"metadata": metadata(given)}, value, currency, self._books.now()
        )
        self._books.put(intent)
        self._books.tell("payment_intent.created", intent)
        return intent

    def get(self, identifier: str) -> Object:
        """Return a payment."""
        intent = self._books.get("payment_intent", identifier)
        if intent is None:
            raise missing("payment_intent", identifier, "intent")
        return intent

    def page(self, given: Object, kind: str, path: str) -> Object:
        """Return a page of objects, newest first."""
        known = {"limit", "starting_after", "created", "expand", "payment_intent"}
        require_known(given, known)
        after = given.get("starting_after")
        if after and self._books.get(kind, after) is None:
            raise missing(kind, after, "starting_after")
        since = given.get("created") or {}
        if not isinstance(since, Mapping):
            raise invalid("Invalid object", "created")
        count = limit(given)
        found = self._books.page(
            kind,
            given.get("payment_intent"),
            since=int(since.get("gte", 0)),
            before=after,
            limit=count + 1,
        )
        return {
            "object": "list",
            "data": found[:count],
            "has_more": len(found) > count,
            "url": path,
        }

    def confirm(self, identifier: str, given: Object, number: str | None = None) -> Object:
        """Pay with a payment method, or as the customer does, with the number of a test card."""
        require_known(given, {"payment_method", "expand", "return_url"})
        intent = self.get(identifier)
        if intent["status"] not in _BEFORE_MONEY:
            raise unexpected_state("confirmed", intent, _BEFORE_MONEY)
        if number is None and not given.get("payment_method"):
            raise Refused(
                "You cannot confirm this PaymentIntent because it's missing a payment method.",
                code="payment_intent_unexpected_state",
                payment_intent=intent,
            )
        number = number or METHODS.get(given["payment_method"], "")
        card = CARDS.get(number)
        if card is None:
            method = str(given.get("payment_method", number))
            raise missing("PaymentMethod", method, "payment_method")
        intent |= {"payment_method": new_id("pm"), "last_payment_error": None, "next_action": None}
        self._books.set_word(f"card of {identifier}", number)
        if card.asks_customer:
            page = f"https://hooks.stripe.com/3d_secure_2/{identifier}"
            action = {
                "type": "redirect_to_url",
                "redirect_to_url": {"return_url": None, "url": page},
            }
            return self._become(intent, "requires_action", next_action=action)
        if card.takes_days:
            return self._become(intent, "processing")
        return self._charge(intent, card)

    def authenticate(self, identifier: str, succeeds: bool) -> Object:
        """Complete the authentication of the customer at the bank."""
        intent = self.get(identifier)
        if intent["status"] != "requires_action":
            raise unexpected_state("confirmed", intent, ("requires_action",))
        intent["next_action"] = None
        if succeeds:
            return self._charge(intent, Card())
        intent["last_payment_error"] = {
            "type": "invalid_request_error",
            "code": "payment_intent_authentication_failure",
            "message": "The provided PaymentMethod has failed authentication.",
        }
        return self._become(intent, "requires_payment_method", "payment_intent.payment_failed")

    def settle(self, identifier: str, succeeds: bool) -> Object:
        """Complete a debit of an account at the bank."""
        intent = self.get(identifier)
        if intent["status"] != "processing":
            raise unexpected_state("confirmed", intent, ("processing",))
        failed = Card("payment_method_provider_decline", None, "The bank has declined the debit.")
        try:
            return self._charge(intent, Card() if succeeds else failed)
        except Refused:
            return self.get(identifier)

    def capture(self, identifier: str, given: Object) -> Object:
        """Capture authorised money."""
        require_known(given, {"amount_to_capture", "expand", "metadata"})
        intent = self.get(identifier)
        if intent["status"] != "requires_capture":
            raise unexpected_state("captured", intent, ("requires_capture",))
        value = intent["amount"]
        if "amount_to_capture" in given:
            value = amount(given, intent["currency"], "amount_to_capture")
        if value > intent["amount_capturable"]:
            raise Refused(
                "The requested capture amount is greater than the amount you can capture for this "
                "charge.",
                code="amount_too_large",
                param="amount_to_capture",
            )
        charge = self._charge_of(intent) | {"amount_captured": value, "captured": True}
        self._books.put(charge)
        self._books.tell("charge.captured", charge)
        intent |= {"amount_capturable": 0, "amount_received": value}
        return self._become(intent, "succeeded", "payment_intent.succeeded")

    def cancel(self, identifier: str, given: Object) -> Object:
        """Cancel a payment."""
        require_known(given, {"cancellation_reason", "expand"})
        intent = self.get(identifier)
        if intent["status"] not in _CANCELABLE:
            raise unexpected_state("canceled", intent, _CANCELABLE)
        return self._end(intent, given.get("cancellation_reason"))

    def refund(self, given: Object) -> Object:
        """Refund money of a payment."""
        require_known(given, {"payment_intent", "charge", "amount", "metadata", "reason", "expand"})
        intent = self._books.get("payment_intent", require(given, "payment_intent"))
        if intent is None:
            raise missing("payment_intent", given["payment_intent"], "payment_intent")
        if intent["status"] != "succeeded":
            raise Refused(
                f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.",
                param="payment_intent",
            )
        charge = self._charge_of(intent)
        left = charge["amount_captured"] - charge["amount_refunded"]
        value = amount(given, charge["currency"]) if "amount" in given else left
        if left == 0:
            raise Refused(
                f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
            )
        if value > left:
            raise Refused(
                f"Refund amount ({value}) is greater than unrefunded amount on charge ({left})",
                param="amount",
            )
        card = CARDS[self._books.word(f"card of {intent['id']}") or "4242424242424242"]
        words = given | {"metadata": metadata(given)}
        now = self._books.now()
        refund = new_refund(charge, value, words, card.first_refund_status, now)
        self._books.put(refund)
        self._books.tell("refund.created", refund)
        self._return(charge, value)
        return refund

    def finish_refunds(self) -> list[Object]:
        """Complete refunds at the banks, with the results of the cards."""
        finished = []
        for refund in self._books.all("refund"):
            number = self._books.word(f"card of {refund['payment_intent']}")
            last = CARDS[number or "4242424242424242"].last_refund_status
            if refund["status"] in (last, "failed"):
                continue
            refund["status"] = last
            if last == "failed":
                refund["failure_reason"] = "expired_or_canceled_card"
                charge = self._books.get("charge", refund["charge"])
                assert charge is not None
                self._return(charge, -refund["amount"])
            self._books.put(refund)
            self._books.tell("refund.failed" if last == "failed" else "refund.updated", refund)
            finished.append(refund)
        return finished

    def expire(self) -> None:
        """End the authorisations that are a week old."""
        for intent in self._books.all("payment_intent"):
            if intent["status"] != "requires_capture":
                continue
            if self._charge_of(intent)["created"] <= self._books.now() - _AUTHORISED_SECONDS:
                self._books.tell("charge.expired", self._charge_of(intent))
                self._end(intent, "expired")

    def expanded(self, body: Object, given: Mapping[str, Any]) -> Object:
        """Return an object, or a list of them, with the charges that were requested."""
        names = given.get("expand") or []
        if not isinstance(names, list):
            raise invalid("Invalid array", "expand")
        if body["object"] == "list":
            inner = {"expand": [name.removeprefix("data.") for name in names]}
            return body | {"data": [self.expanded(each, inner) for each in body["data"]]}
        for name in names:
            if name != "latest_charge" or body["object"] != "payment_intent":
                raise invalid(f"This property cannot be expanded ({name}).", "expand")
            if body["latest_charge"]:
                body = body | {"latest_charge": self._charge_of(body)}
        return body

    def _charge(self, intent: Object, card: Card) -> Object:
        is_captured = intent["capture_method"] != "manual"
        charge = new_charge(intent, card, is_captured, self._books.now())
        self._books.put(charge)
        intent["latest_charge"] = charge["id"]
        if card.code is not None:
            error = card_error(card, charge)
            intent |= {"last_payment_error": error, "payment_method": None}
            self._books.tell("charge.failed", charge)
            self._become(intent, "requires_payment_method", "payment_intent.payment_failed")
            raise Refused(
                str(card.message),
                status=402,
                kind="card_error",
                **{name: value for name, value in error.items() if name not in ("type", "message")},
                payment_intent=intent,
            )
        self._books.tell("charge.succeeded", charge)
        if is_captured:
            intent["amount_received"] = intent["amount"]
            return self._become(intent, "succeeded", "payment_intent.succeeded")
        intent["amount_capturable"] = intent["amount"]
        kind = "payment_intent.amount_capturable_updated"
        return self._become(intent, "requires_capture", kind)

    def _become(
        self, intent: Object, status: str, event: str | None = None, **changed: Any
    ) -> Object:
        intent |= {"status": status, **changed}
        self._books.put(intent)
        self._books.tell(event or f"payment_intent.{status}", intent)
        return intent

    def _end(self, intent: Object, reason: str | None) -> Object:
        return self._become(
            intent,
            "canceled",
            amount_capturable=0,
            canceled_at=self._books.now(),
            cancellation_reason=reason,
            next_action=None,
        )

    def _charge_of(self, intent: Object) -> Object:
        charge = self._books.get("charge", intent["latest_charge"])
        assert charge is not None
        return charge

    def _return(self, charge: Object, value: int) -> None:
        charge["amount_refunded"] += value
        charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
        self._books.put(charge)
        self._books.tell("charge.refunded" if value > 0 else "charge.refund.updated", charge)
