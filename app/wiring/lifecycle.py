"""The start of a shop and its periodic cleanup."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

from app.database.data_file import create_private, folder_fault
from app.database.migrate import migrate
from app.errors import EmailTaken, InvalidInput, PriceListExists
from app.mails.sample import require_usable
from app.mails.texts import UnusableTemplate
from app.services.identity.start_service import generate_password
from app.services.orders.payments.unknown_payments import compared
from app.settings import InvalidSettings
from app.wiring.areas.carts import provide_carts
from app.wiring.areas.catalogue import provide_products, provide_stock
from app.wiring.areas.data import provide_guest_data
from app.wiring.areas.identity import provide_auth, provide_start
from app.wiring.areas.messaging import provide_dead_letters, provide_inbox, provide_operations
from app.wiring.areas.orders import provide_drafts, provide_unknown_payments
from app.wiring.areas.prices import provide_price_lists
from app.wiring.areas.system import provide_idempotency
from app.wiring.resources import Shop


async def migrate_shop(shop: Shop) -> bool:
    """Update the schema; return whether it was outdated.

    Raises:
        InvalidSettings: the folder of the data cannot be written.
    """
    if shop.settings.data_file is not None:
        shop.is_new = _create_file(shop.settings.data_file)
    return await migrate(shop.database)


def _create_file(path: Path) -> bool:
    try:
        return create_private(path)
    except OSError as error:
        raise InvalidSettings(folder_fault(path, error)) from error


async def prepare(shop: Shop) -> None:
    """Update the schema, load the signing key and delete expired rows.

    Raises:
        InvalidSettings: the prices of the shop are in another currency than that of the settings,
            a package for its files is not installed, or a template of mails cannot be used.
    """
    # The providers are created now, because a missing package must be reported at the start.
    _ = shop.files
    require_mail_templates(shop)
    await migrate_shop(shop)
    await require_same_currency(shop)
    await add_default_lists(shop)
    await apply_low_stock_at(shop)
    await plan_comparisons(shop)
    async with shop.database.write() as session:
        if shop.settings.secret_key is None:
            own = await provide_start(session, shop).signing_key()
            shop.tokens.keys = (own, *shop.settings.signing_keys)
    await delete_expired(shop)


async def plan_comparisons(shop: Shop) -> None:
    """Plan the nightly comparison of payments with the providers, unless it is planned."""
    if not compared(shop.settings.payment_providers):
        return
    async with shop.database.write() as session:
        await provide_unknown_payments(session, shop).plan(shop.settings.payment_providers)


def require_mail_templates(shop: Shop) -> None:
    """Require that the templates of the settings, if there are any, render every mail.

    Raises:
        InvalidSettings: a file of the folder cannot be used.
    """
    if shop.settings.mail_templates is None:
        return
    try:
        require_usable(shop.order_mails)
    except UnusableTemplate as error:
        raise InvalidSettings(f"MAIL_TEMPLATES: {error}") from error


async def require_same_currency(shop: Shop) -> None:
    """Require that the settings name the currency of the stored prices.

    Prices are not converted: 100 cents would become 100 yen.

    Raises:
        InvalidSettings: the settings name another currency.
    """
    async with shop.database.read() as session:
        used = await provide_products(session, shop).currency_in_use()
    if used not in (None, shop.settings.shop_currency):
        raise InvalidSettings(
            f"SHOP_CURRENCY: the prices in {shop.settings.data_place} are in {used}; "
            f"set SHOP_CURRENCY={used}, or begin with an empty database"
        )


async def add_default_lists(shop: Shop) -> None:
    """Give each further currency a price list with its ordinary prices.

    Raises:
        InvalidSettings: the code of such a list is that of another list.
    """
    for currency in shop.settings.currencies[1:]:
        try:
            async with shop.database.write() as session:
                await provide_price_lists(session, shop).add_default(currency)
        except PriceListExists as error:
            async with shop.database.read() as session:
                if not await provide_price_lists(session, shop).has_default(currency):
                    raise InvalidSettings(
                        f"SHOP_CURRENCIES: {currency} needs a price list of its own, and "
                        f"{error.detail}; delete that list"
                    ) from error


async def apply_low_stock_at(shop: Shop) -> None:
    """Derive low stock and availability with the setting, if that has changed."""
    async with shop.database.read() as session:
        if await provide_stock(session, shop).is_derived(shop.settings.low_stock_at):
            return
    last: UUID | None = None
    is_done = False
    while not is_done:
        async with shop.database.write() as session:
            last = await provide_stock(session, shop).derive_some(last)
            is_done = last is None


async def delete_expired(shop: Shop) -> None:
    """Delete old responses, log-ins, inbox rows, operations, proofs, dead letters and carts."""
    async with shop.database.write() as session:
        await provide_idempotency(session, shop).delete_expired()
        await provide_auth(session, shop).delete_expired_sessions()
        await provide_inbox(session, shop).delete_old()
        await provide_operations(session, shop).delete_finished()
        await provide_guest_data(session, shop).delete_expired()
        age = timedelta(days=shop.settings.dead_letter_days)
        await provide_dead_letters(session, shop).delete_old(age)
    is_done = False
    while not is_done:
        async with shop.database.write() as session:
            has_more_carts = await provide_carts(session, shop).delete_some_old()
            has_more_drafts = await provide_drafts(session, shop).delete_some_old()
            is_done = not has_more_carts and not has_more_drafts


async def ensure_admin(shop: Shop) -> str | None:
    """Add an administrator if none exists; return the password if it was generated.

    Raises:
        InvalidSettings: the settings of the administrator are not valid.
    """
    async with shop.database.read() as session:
        if not await provide_start(session, shop).needs_admin():
            return None
    given = shop.settings.admin_password
    password = generate_password() if given is None else given.get_secret_value()
    try:
        async with shop.database.write() as session:
            await provide_start(session, shop).add_admin(shop.settings.admin_email, password)
    except InvalidInput as error:
        reasons = "; ".join(
            f"ADMIN_{each['pointer'].removeprefix('#/').upper()}: {each['detail']}; "
            "choose another value"
            for each in error.context["errors"]
        )
        raise InvalidSettings(reasons) from error
    except EmailTaken as error:
        async with shop.database.read() as session:
            if await provide_start(session, shop).needs_admin():
                raise InvalidSettings(
                    "ADMIN_EMAIL: belongs to a customer; choose another address, or make this user "
                    "an administrator (lavka admin EMAIL)"
                ) from error
        # Another process that starts at the same time has added it.
        return None
    return password if given is None else None
