"""The pages for buyers."""

from app.pages.storefront.cart_controller import CartPageController
from app.pages.storefront.catalogue_controller import CatalogueController
from app.pages.storefront.home_controller import HomeController

STOREFRONT = (HomeController, CatalogueController, CartPageController)
