"""The `lavka payments` command, which compares the payments of providers with those of the shop."""

import argparse
from datetime import timedelta

from app.cli.prepare import opened_shop
from app.core.money import format_minor
from app.gateways.payments.provider import PaymentState, ProviderRefusal, ProviderUnreachable
from app.services.orders.payments.order_money import MANUAL
from app.settings import Settings
from app.wiring.areas.orders import payment_calls


def add_payments(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "payments",
        help="compare the payments of providers with those of the shop",
        description="Compare the payments of providers with those of the shop.",
    )
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    reconcile = actions.add_parser(
        "reconcile",
        help="look at every payment of the last hours",
        description="Look at every payment that the providers have begun in the last hours, update "
        "those of the shop to the states at the providers, and name the others: their orders are "
        "missing, for example after a database was restored from a back-up. The shop may run "
        "meanwhile.",
    )
    reconcile.add_argument(
        "--hours", type=_hours, default=48, metavar="N", help="how many hours; 48 by default"
    )
    reconcile.set_defaults(run=_reconcile)


def _hours(text: str) -> int:
    hours = int(text)
    if not 1 <= hours <= 8_760:
        raise argparse.ArgumentTypeError("must be from 1 to 8760")
    return hours


async def _reconcile(arguments: argparse.Namespace, settings: Settings) -> int:
    is_complete = True
    async with opened_shop(settings) as shop:
        since = shop.clock.now() - timedelta(hours=arguments.hours)
        for code in settings.payment_providers:
            if code == MANUAL:
                continue
            unknown = 0
            try:
                async for state in payment_calls(shop).reconcile(code, since):
                    unknown += 1
                    print(_named(code, state))
            except (ProviderUnreachable, ProviderRefusal) as error:
                print(f"{code}: {error}; run the command again")
                is_complete = False
                continue
            print(f"{code}: {unknown or 'no'} payments without an order in the shop")
            is_complete = is_complete and not unknown
    return 0 if is_complete else 1


def _named(code: str, state: PaymentState) -> str:
    amount = f"{format_minor(state.amount_minor, state.currency)} {state.currency}"
    order = "an order" if state.order_number is None else f"order {state.order_number}"
    return (
        f"{code}: {state.reference} is {state.status}, {amount}, for {order} "
        f"({state.order_id or 'unknown'}), which the shop does not have"
    )
