"""Refunds at Stripe, tested with a stub that is as strict as Stripe."""

import pytest

from app.gateways.payments.provider import ProviderRefusal, RefundState
from app.gateways.payments.stripe_provider import StripeProvider
from app.models import PaymentStatus, RefundStatus
from tests.support.servers.stripe import StripeServer
from tests.test_gateways.payments.conftest import begun, key, paid


async def test_parts_are_refunded_until_nothing_is_left(
    provider: StripeProvider, stripe: StripeServer
) -> None:
    reference, same = await paid(provider, stripe), key()
    first = await provider.refund(reference, 500, same)
    assert first.status is RefundStatus.SUCCEEDED
    assert await provider.refund(reference, 500, same) == first
    assert (await provider.refund(reference, 1_499, key())).reference != first.reference
    with pytest.raises(ProviderRefusal) as refused:
        await provider.refund(reference, 1, key())
    assert refused.value.code == "charge_already_refunded"
    state = await provider.look(reference)
    assert (state.status, state.refunded_minor) == (PaymentStatus.CAPTURED, 1_999)


async def test_more_than_was_captured_is_not_refunded(
    provider: StripeProvider, stripe: StripeServer
) -> None:
    reference = await begun(provider, captures_by_itself=False)
    stripe.pay(reference)
    await provider.capture(reference, 1_500, key())
    with pytest.raises(ProviderRefusal) as refused:
        await provider.refund(reference, 1_501, key())
    assert refused.value.code == "invalid_request_error"
    assert (await provider.look(reference)).refunded_minor == 0


async def test_money_that_was_not_captured_is_not_refunded(provider: StripeProvider) -> None:
    reference = await begun(provider)
    with pytest.raises(ProviderRefusal):
        await provider.refund(reference, 100, key())


async def test_a_refund_is_pending_until_the_bank_has_completed_it(
    provider: StripeProvider, stripe: StripeServer
) -> None:
    reference, same = await begun(provider), key()
    stripe.pay(reference, "4000000000007726")
    refund = await provider.refund(reference, 500, same)
    assert refund.status is RefundStatus.PENDING
    assert (await provider.look(reference)).refunded_minor == 500
    stripe.control(finish_refunds=None)
    assert await provider.refund(reference, 500, same) == RefundState(
        refund.reference, RefundStatus.SUCCEEDED
    )


async def test_a_refund_that_fails_later_is_reported_with_its_reason(
    provider: StripeProvider, stripe: StripeServer
) -> None:
    reference, same = await begun(provider), key()
    stripe.pay(reference, "4000000000005126")
    refund = await provider.refund(reference, 500, same)
    assert refund.status is RefundStatus.SUCCEEDED
    stripe.control(finish_refunds=None)
    assert await provider.refund(reference, 500, same) == RefundState(
        refund.reference, RefundStatus.FAILED, "expired_or_canceled_card"
    )
    assert (await provider.look(reference)).refunded_minor == 0
