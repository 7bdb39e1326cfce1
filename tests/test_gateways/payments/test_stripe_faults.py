"""Lost, late and failed responses of Stripe: no money moves twice, and every state is recovered."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

import pytest

from app.gateways.payments.provider import PaymentState, ProviderUnreachable
from app.gateways.payments.stripe_provider import StripeProvider
from app.models import PaymentStatus, RefundStatus
from tests.support.servers.stripe import StripeServer
from tests.test_gateways.payments.conftest import asked, begun, key

Answer = TypeVar("Answer")
NOT_DONE = ("cut_before", "rate_limited", "error_before", "error_stored")
DONE = ("slow_after", "cut_after", "error_after")
DAY_SECONDS = 24 * 3_600


@pytest.mark.parametrize("fault", [*NOT_DONE, *DONE])
async def test_a_payment_is_begun_despite_a_fault(
    hasty: StripeProvider, stripe: StripeServer, fault: str
) -> None:
    order, same, before = asked(), key(), set(stripe.ledger())
    stripe.control(next=[{"fault": fault}])
    with pytest.raises(ProviderUnreachable):
        await hasty.begin(order, same)
    state = await hasty.begin(order, same)
    assert state == await hasty.begin(order, same)
    made = [each for each in set(stripe.ledger()) - before if each != state.reference]
    # Stripe repeats a stored error to the same key for a day. The first payment cannot be paid,
    # because its secret is lost.
    assert len(made) == (1 if fault == "error_after" else 0)


async def test_a_payment_is_begun_after_several_errors_that_stripe_has_stored(
    provider: StripeProvider, stripe: StripeServer
) -> None:
    order, same, before = asked(), key(), set(stripe.ledger())
    # One for each of the calls of four attempts, the last call of which has another key.
    stripe.control(next=[{"fault": "error_after"}] * (1 + 2 + 3 + 4))
    for _ in range(4):
        with pytest.raises(ProviderUnreachable):
            await provider.begin(order, same)
    state = await provider.begin(order, same)
    assert state == await provider.begin(order, same)
    assert state.status is PaymentStatus.REQUIRES_ACTION
    others = [each for each in set(stripe.ledger()) - before if each != state.reference]
    assert [stripe.ledger()[each]["received"] for each in others] == [0] * 4


@pytest.mark.parametrize("fault", [*NOT_DONE, *DONE])
async def test_money_is_captured_once_despite_a_fault(
    hasty: StripeProvider, stripe: StripeServer, fault: str
) -> None:
    reference, same = await begun(hasty, captures_by_itself=False), key()
    stripe.pay(reference)
    stripe.control(next=[{"fault": fault, "on": "POST"}])
    with pytest.raises(ProviderUnreachable):
        await hasty.capture(reference, 1_500, same)
    is_done = (await hasty.look(reference)).status is PaymentStatus.CAPTURED
    assert is_done is (fault in DONE)
    state = await hasty.capture(reference, 1_500, same)
    assert (state.status, state.captured_minor) == (PaymentStatus.CAPTURED, 1_500)


async def test_another_amount_is_captured_after_the_first_call_was_lost(
    hasty: StripeProvider, stripe: StripeServer
) -> None:
    reference, same = await begun(hasty, captures_by_itself=False), key()
    stripe.pay(reference)
    stripe.control(next=[{"fault": "error_stored", "on": "POST"}])
    with pytest.raises(ProviderUnreachable):
        await hasty.capture(reference, 1_500, same)
    assert (await hasty.capture(reference, 1_400, same)).captured_minor == 1_400


@pytest.mark.parametrize("fault", [*NOT_DONE, *DONE])
async def test_a_payment_is_voided_despite_a_fault(
    hasty: StripeProvider, stripe: StripeServer, fault: str
) -> None:
    reference, same = await begun(hasty), key()
    stripe.control(next=[{"fault": fault}])
    with pytest.raises(ProviderUnreachable):
        await hasty.void(reference, same)
    assert (await hasty.void(reference, same)).status is PaymentStatus.VOIDED


@pytest.mark.parametrize("fault", [*NOT_DONE, *DONE])
async def test_money_is_refunded_once_despite_a_fault(
    hasty: StripeProvider, stripe: StripeServer, fault: str
) -> None:
    reference, same = await begun(hasty), key()
    stripe.pay(reference)
    stripe.control(next=[{"fault": fault, "on": "POST"}])
    with pytest.raises(ProviderUnreachable):
        await hasty.refund(reference, 500, same)
    assert stripe.ledger()[reference]["refunded"] == (500 if fault in DONE else 0)
    if fault == "error_stored":
        # It is unknown whether Stripe refunds the money later; a second key could refund it twice.
        with pytest.raises(ProviderUnreachable):
            await hasty.refund(reference, 500, same)
        stripe.control(advance_seconds=DAY_SECONDS)
    assert (await hasty.refund(reference, 500, same)).status is RefundStatus.SUCCEEDED
    assert stripe.ledger()[reference]["refunded"] == 500


async def test_a_refund_is_not_repeated_after_its_key_has_expired_at_stripe(
    provider: StripeProvider, stripe: StripeServer
) -> None:
    reference, same = await begun(provider), key()
    stripe.pay(reference)
    first = await provider.refund(reference, 500, same)
    stripe.control(advance_seconds=DAY_SECONDS + 1)
    assert await provider.refund(reference, 500, same) == first
    assert stripe.ledger()[reference]["refunded"] == 500


async def test_concurrent_requests_of_a_refund_make_it_once(
    provider: StripeProvider, stripe: StripeServer
) -> None:
    reference, same = await begun(provider), key()
    stripe.pay(reference)
    refunds = await asyncio.gather(*(provider.refund(reference, 500, same) for _ in range(10)))
    assert len({each.reference for each in refunds}) == 1
    assert stripe.ledger()[reference]["refunded"] == 500


async def test_a_call_whose_key_is_in_use_counts_as_a_call_without_a_response(
    provider: StripeProvider, stripe: StripeServer
) -> None:
    reference, same = await begun(provider), key()
    stripe.control(faults={"slow_seconds": 1.0})
    stripe.control(next=[{"fault": "slow_before"}])
    answers = await asyncio.gather(
        *(provider.void(reference, same) for _ in range(2)), return_exceptions=True
    )
    (refused,) = (each for each in answers if isinstance(each, ProviderUnreachable))
    assert str(refused) == "Stripe: APIError 409"
    (done,) = (each for each in answers if isinstance(each, PaymentState))
    assert done.status is PaymentStatus.VOIDED


async def test_stripe_is_unreachable_while_it_is_down_and_keeps_its_state(
    provider: StripeProvider, stripe: StripeServer
) -> None:
    order, same = asked(), key()
    state = await provider.begin(order, same)
    stripe.pay(state.reference)
    before = stripe.ledger()
    stripe.kill()
    with pytest.raises(ProviderUnreachable):
        await provider.look(state.reference)
    stripe.start()
    assert stripe.ledger() == before
    assert (await provider.begin(order, same)).reference == state.reference
    assert (await provider.look(state.reference)).status is PaymentStatus.CAPTURED
    assert stripe.ledger() == before


async def test_a_call_to_an_unresponsive_stripe_times_out(
    hasty: StripeProvider, stripe: StripeServer
) -> None:
    reference = await begun(hasty)
    stripe.pause()
    try:
        with pytest.raises(ProviderUnreachable):
            await hasty.look(reference)
    finally:
        stripe.resume()
    assert (await hasty.look(reference)).reference == reference


async def test_under_random_faults_the_shop_agrees_with_stripe(
    hasty: StripeProvider, stripe: StripeServer
) -> None:
    shares = dict.fromkeys(("cut_before", "cut_after", "error_before", "error_after"), 0.06)
    stripe.control(faults=shares | {"rate_limited": 0.06, "seed": 7})

    async def settled(call: Callable[[], Awaitable[Answer]]) -> Answer:
        for _ in range(20):
            with suppress(ProviderUnreachable):
                return await call()
        raise AssertionError("no answer to twenty calls")

    async def trade(number: int) -> PaymentState:
        order, keys = asked(captures_by_itself=False), [key() for _ in range(3)]
        begun_one = await settled(lambda: hasty.begin(order, keys[0]))
        stripe.pay(begun_one.reference)
        if number % 3 == 0:
            await settled(lambda: hasty.void(begun_one.reference, keys[1]))
        else:
            await settled(lambda: hasty.capture(begun_one.reference, 1_500, keys[1]))
            await settled(lambda: hasty.refund(begun_one.reference, 100 * number, keys[2]))
        return await settled(lambda: hasty.look(begun_one.reference))

    states = [await trade(number) for number in range(15)]
    books = stripe.ledger()
    assert [(each.captured_minor, each.refunded_minor) for each in states] == [
        (0, 0) if number % 3 == 0 else (1_500, 100 * number) for number in range(15)
    ]
    for state in states:
        kept = books[state.reference]
        assert (kept["received"], kept["refunded"]) == (state.captured_minor, state.refunded_minor)
