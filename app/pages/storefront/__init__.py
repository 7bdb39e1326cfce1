"""The pages for buyers."""

from app.pages.storefront.account_controller import (
    AccountController,
    AddressPageController,
    RegistrationController,
)
from app.pages.storefront.cart_controller import CartPageController
from app.pages.storefront.catalogue_controller import CatalogueController
from app.pages.storefront.checkout_controller import CheckoutPageController
from app.pages.storefront.countries import CountryController
from app.pages.storefront.home_controller import HomeController
from app.pages.storefront.order_controller import GuestOrderController, OwnOrderController
from app.pages.storefront.payment_controller import (
    GuestPaymentController,
    OwnPaymentController,
)
from app.pages.storefront.sitemap_controller import SitemapController

STOREFRONT = (
    HomeController,
    SitemapController,
    CatalogueController,
    CartPageController,
    CheckoutPageController,
    CountryController,
    GuestOrderController,
    OwnOrderController,
    GuestPaymentController,
    OwnPaymentController,
    RegistrationController,
    AccountController,
    AddressPageController,
)
