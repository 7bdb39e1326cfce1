"""Payments of orders, refunds, and the events of providers."""

from litestar.openapi.spec import Tag

from app.controllers.payments.bank_page_controller import BankPageController
from app.controllers.payments.order_payment_controller import (
    CartPaymentController,
    OrderPaymentController,
)
from app.controllers.payments.payment_controller import PaymentController, RefundController
from app.controllers.payments.provider_controller import ProviderController

CONTROLLERS = (
    CartPaymentController,
    OrderPaymentController,
    PaymentController,
    RefundController,
    ProviderController,
)
ROOT_CONTROLLERS = (BankPageController,)
TAGS = (Tag("payments", "Payments of orders, and refunds."),)
