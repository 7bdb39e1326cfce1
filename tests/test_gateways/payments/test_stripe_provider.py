"""The payment provider for Stripe, tested with a stub that is as strict as Stripe."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from app.gateways.payments.provider import (
    PaymentState,
    ProviderRefusal,
    ProviderUnreachable,
)
from app.gateways.payments.stripe_provider import StripeProvider, stripe_provider
from app.models import PaymentStatus
from app.settings import Settings
from tests.support.servers.stripe import SECRET_KEY, StripeServer
from tests.test_gateways.payments.conftest import asked, begun, key, paid


async def test_a_payment_is_begun_with_its_ids_and_its_order_number(
    provider: StripeProvider, stripe: StripeServer
) -> None:
    order = asked(captures_by_itself=False)
    state = await provider.begin(order, key())
    assert state.client_secret is not None
    assert state.client_secret.startswith(f"{state.reference}_secret_")
    assert state == PaymentState(
        reference=state.reference,
        status=PaymentStatus.REQUIRES_ACTION,
        amount_minor=1_999,
        currency="EUR",
        payment_id=order.payment_id,
        order_id=order.order_id,
        order_number=1_042,
        client_secret=state.client_secret,
    )
    assert stripe.ledger()[state.reference]["metadata"] == {
        "order_id": str(order.order_id),
        "order_number": "1042",
        "payment_id": str(order.payment_id),
        "shop": "Lavka",
    }


async def test_stripe_gets_no_email_address_and_chooses_the_payment_methods(
    provider: StripeProvider, stripe: StripeServer
) -> None:
    await begun(provider)
    (exchange,) = stripe.control(exchanges=None)
    given = exchange["given"]
    assert sorted(given) == [
        *("amount", "automatic_payment_methods", "capture_method", "currency"),
        *("expand", "metadata"),
    ]
    assert given["automatic_payment_methods"] == {"enabled": "true"}


@pytest.mark.parametrize(
    ("captures_by_itself", "status", "captured_minor"),
    [(True, PaymentStatus.CAPTURED, 1_999), (False, PaymentStatus.AUTHORISED, 0)],
)
async def test_money_is_captured_at_once_or_when_the_shop_captures_it(
    provider: StripeProvider,
    stripe: StripeServer,
    captures_by_itself: bool,
    status: PaymentStatus,
    captured_minor: int,
) -> None:
    reference = await begun(provider, captures_by_itself=captures_by_itself)
    stripe.pay(reference)
    state = await provider.look(reference)
    assert (state.status, state.captured_minor, state.client_secret) == (
        status,
        captured_minor,
        None,
    )


async def test_a_payment_that_is_begun_again_is_the_same_in_its_current_state(
    provider: StripeProvider, stripe: StripeServer
) -> None:
    order, same = asked(), key()
    before = set(stripe.ledger())
    first = await provider.begin(order, same)
    assert await provider.begin(order, same) == first
    stripe.pay(first.reference)
    again = await provider.begin(order, same)
    assert (again.reference, again.status) == (first.reference, PaymentStatus.CAPTURED)
    assert set(stripe.ledger()) - before == {first.reference}


@pytest.mark.parametrize(
    ("card", "failure"),
    [
        ("4000000000000002", "generic_decline: Your card was declined."),
        ("4000000000009995", "insufficient_funds: Your card has insufficient funds."),
        ("4000000000009987", "lost_card: Your card was declined."),
        ("4000000000009979", "stolen_card: Your card was declined."),
        ("4000000000000069", "expired_card: Your card has expired."),
        ("4000000000000127", "incorrect_cvc: Your card's security code is incorrect."),
        (
            "4000000000000119",
            "processing_error: An error occurred while processing your card. "
            "Try again in a little bit.",
        ),
    ],
)
async def test_a_declined_card_leaves_the_payment_unfinished_with_the_reason(
    provider: StripeProvider, stripe: StripeServer, card: str, failure: str
) -> None:
    reference = await begun(provider)
    assert stripe.pay(reference, card)["error"]["type"] == "card_error"
    state = await provider.look(reference)
    assert (state.status, state.failure) == (PaymentStatus.REQUIRES_ACTION, failure)
    assert state.captured_minor == 0
    stripe.pay(reference)
    state = await provider.look(reference)
    assert (state.status, state.failure) == (PaymentStatus.CAPTURED, None)


@pytest.mark.parametrize(
    ("succeeds", "status", "failure"),
    [
        (True, PaymentStatus.CAPTURED, None),
        (
            False,
            PaymentStatus.REQUIRES_ACTION,
            "payment_intent_authentication_failure: "
            "The provided PaymentMethod has failed authentication.",
        ),
    ],
)
async def test_a_card_that_needs_authentication_has_the_page_of_the_bank(
    provider: StripeProvider,
    stripe: StripeServer,
    succeeds: bool,
    status: PaymentStatus,
    failure: str | None,
) -> None:
    reference = await begun(provider)
    stripe.pay(reference, "4000002500003155")
    state = await provider.look(reference)
    assert state.status is PaymentStatus.REQUIRES_ACTION
    assert state.action_url == f"https://hooks.stripe.com/3d_secure_2/{reference}"
    stripe.control(authenticate={"intent": reference, "succeeds": succeeds})
    state = await provider.look(reference)
    assert (state.status, state.failure, state.action_url) == (status, failure, None)


@pytest.mark.parametrize(
    ("succeeds", "status"),
    [(True, PaymentStatus.CAPTURED), (False, PaymentStatus.REQUIRES_ACTION)],
)
async def test_a_debit_is_processing_until_the_bank_has_decided(
    provider: StripeProvider, stripe: StripeServer, succeeds: bool, status: PaymentStatus
) -> None:
    reference = await begun(provider)
    stripe.pay(reference, "000123456789")
    assert (await provider.look(reference)).status is PaymentStatus.PROCESSING
    stripe.control(settle={"intent": reference, "succeeds": succeeds})
    assert (await provider.look(reference)).status is status


async def test_a_part_is_captured_and_the_rest_is_released(
    provider: StripeProvider, stripe: StripeServer
) -> None:
    reference = await begun(provider, captures_by_itself=False)
    stripe.pay(reference)
    state = await provider.capture(reference, 1_500, key())
    assert (state.status, state.amount_minor) == (PaymentStatus.CAPTURED, 1_999)
    assert (state.captured_minor, state.refunded_minor) == (1_500, 0)
    assert await provider.capture(reference, 1_500, key()) == state
    assert await provider.capture(reference, 1_999, key()) == state


async def test_more_than_is_authorised_is_not_captured(
    provider: StripeProvider, stripe: StripeServer
) -> None:
    reference = await begun(provider, captures_by_itself=False)
    stripe.pay(reference)
    before = await provider.look(reference)
    with pytest.raises(ProviderRefusal) as refused:
        await provider.capture(reference, 2_000, key())
    assert refused.value.code == "amount_too_large"
    assert await provider.look(reference) == before


async def test_a_payment_that_is_not_authorised_is_not_captured(provider: StripeProvider) -> None:
    reference = await begun(provider, captures_by_itself=False)
    with pytest.raises(ProviderRefusal) as refused:
        await provider.capture(reference, 1_999, key())
    assert refused.value.code == "payment_intent_unexpected_state"
    assert (await provider.look(reference)).status is PaymentStatus.REQUIRES_ACTION


@pytest.mark.parametrize("is_authorised", [True, False])
async def test_repeated_voids_of_a_payment_void_it_once(
    provider: StripeProvider, stripe: StripeServer, is_authorised: bool
) -> None:
    reference = await begun(provider, captures_by_itself=False)
    if is_authorised:
        stripe.pay(reference)
    same = key()
    state = await provider.void(reference, same)
    assert (state.status, state.captured_minor) == (PaymentStatus.VOIDED, 0)
    assert await provider.void(reference, same) == state
    assert await provider.void(reference, key()) == state
    assert stripe.pay(reference)["error"]["code"] == "payment_intent_unexpected_state"


async def test_a_void_of_a_captured_payment_returns_the_payment_unchanged(
    provider: StripeProvider, stripe: StripeServer
) -> None:
    reference = await paid(provider, stripe)
    state = await provider.void(reference, key())
    assert (state.status, state.captured_minor) == (PaymentStatus.CAPTURED, 1_999)


async def test_a_processing_payment_can_be_voided_later_with_the_same_key(
    provider: StripeProvider, stripe: StripeServer
) -> None:
    reference, same = await begun(provider), key()
    stripe.pay(reference, "000123456789")
    with pytest.raises(ProviderRefusal) as refused:
        await provider.void(reference, same)
    assert refused.value.code == "payment_intent_unexpected_state"
    stripe.control(settle={"intent": reference, "succeeds": False})
    assert (await provider.void(reference, same)).status is PaymentStatus.VOIDED


@pytest.mark.parametrize(
    ("amount_minor", "currency"), [(5_000, "JPY"), (150, "ISK"), (5_120, "BHD")]
)
async def test_amounts_are_in_the_units_of_stripe_only_at_stripe(
    provider: StripeProvider, stripe: StripeServer, amount_minor: int, currency: str
) -> None:
    order = asked(amount_minor, currency)
    reference = (await provider.begin(order, key())).reference
    stripe.pay(reference)
    theirs = {"JPY": 5_000, "ISK": 15_000, "BHD": 5_120}[currency]
    assert stripe.ledger()[reference]["received"] == theirs
    await provider.refund(reference, 100, key())
    state = await provider.look(reference)
    assert (state.amount_minor, state.captured_minor) == (amount_minor, amount_minor)
    assert (state.refunded_minor, state.currency) == (100, currency)


async def test_a_too_small_amount_is_refused(
    provider: StripeProvider, stripe: StripeServer
) -> None:
    before = stripe.ledger()
    with pytest.raises(ProviderRefusal) as refused:
        await provider.begin(asked(49), key())
    assert refused.value.code == "amount_too_small"
    assert stripe.ledger() == before


@pytest.mark.parametrize("verb", ["look", "capture", "void", "refund"])
async def test_an_unknown_payment_is_refused(provider: StripeProvider, verb: str) -> None:
    more = {"look": (), "void": (key(),)}.get(verb, (100, key()))
    with pytest.raises(ProviderRefusal) as refused:
        await getattr(provider, verb)("pi_unknown", *more)
    assert (refused.value.code, str(refused.value)) == (
        "resource_missing",
        "No such payment_intent: 'pi_unknown'",
    )


async def test_a_refusal_does_not_contain_a_secret(provider: StripeProvider) -> None:
    for secret in ("pi_1_secret_2", "sk_live_2", "whsec_2"):
        with pytest.raises(ProviderRefusal) as refused:
            await provider.look(secret)
        shown = secret.removesuffix("_secret_2") if secret.startswith("pi_") else ""
        assert str(refused.value) == f"No such payment_intent: '{shown}…'"


async def test_an_authorisation_expires_after_a_week(
    provider: StripeProvider, stripe: StripeServer
) -> None:
    reference = await begun(provider, captures_by_itself=False)
    stripe.pay(reference)
    stripe.control(advance_seconds=7 * 24 * 3_600 - 60)
    assert (await provider.look(reference)).status is PaymentStatus.AUTHORISED
    stripe.control(advance_seconds=60)
    assert (await provider.look(reference)).status is PaymentStatus.VOIDED
    with pytest.raises(ProviderRefusal):
        await provider.capture(reference, 1_999, key())


async def test_the_payments_since_a_moment_are_listed_over_several_pages(
    provider: StripeProvider, stripe: StripeServer
) -> None:
    stripe.control(advance_seconds=3_600)
    orders = [asked(1_000 + number) for number in range(101)]
    for order in orders:
        await provider.begin(order, key())
    newest = stripe.control(exchanges=None)[-1]["body"]["created"]
    moment = datetime.fromtimestamp(newest, UTC) - timedelta(minutes=30)
    found = [each async for each in provider.since(moment)]
    assert [each.payment_id for each in found] == [each.payment_id for each in reversed(orders)]
    assert found[0].amount_minor == 1_100
    assert [each async for each in provider.since(moment + timedelta(hours=1))] == []


async def test_a_payment_of_another_program_belongs_to_no_order(
    provider: StripeProvider, stripe: StripeServer
) -> None:
    client = await provider._client()  # pylint: disable=protected-access
    words = {"order_id": "7", "order_number": "A-7", "payment_id": "x" * 36}
    for metadata in ({}, words):
        made = await client.v1.payment_intents.create_async(
            {"amount": 500, "currency": "usd", "metadata": metadata}
        )
        state = await provider.look(made.id)
        assert (state.payment_id, state.order_id, state.order_number) == (None, None, None)
        assert (state.amount_minor, state.currency) == (500, "USD")
    assert made.id in stripe.ledger()


async def test_a_wrong_api_key_counts_as_no_response_and_is_not_shown_in_errors(
    stripe: StripeServer, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = SecretStr("sk_live_very-secret-1234")
    provider = StripeProvider(wrong, (), "Lavka", api_base=stripe.url)
    with pytest.raises(ProviderUnreachable) as unreachable:
        await provider.look("pi_1")
    await provider.close()
    assert str(unreachable.value) == "Stripe: AuthenticationError 401"
    assert caplog.messages == ["Stripe refuses the key of STRIPE_SECRET_KEY: 401"]
    assert "very-secret" not in repr(provider) + repr(vars(provider))


async def test_a_provider_can_be_closed_unused_twice_and_used_after_it(
    provider: StripeProvider,
) -> None:
    await provider.close()
    reference = await begun(provider)
    await provider.close()
    await provider.close()
    assert (await provider.look(reference)).reference == reference


async def test_settings_name_the_account_and_the_server(stripe: StripeServer) -> None:
    provider = stripe_provider(
        Settings(
            _env_file=None,
            shop_name="Corner",
            stripe_secret_key=SecretStr(SECRET_KEY),
            stripe_api_base=stripe.url,
        )
    )
    reference = await begun(provider)
    await provider.close()
    assert stripe.ledger()[reference]["metadata"]["shop"] == "Corner"
