"""The `lavka` command, which administers a shop."""

import argparse
import asyncio
import sys
import time

from app.cli.backup import add_backup
from app.cli.dead_letters import add_dead_letters
from app.cli.exports import add_export
from app.cli.imports import add_import
from app.cli.mail_preview import add_mail_preview
from app.cli.payments import add_payments
from app.cli.prepare import opened_shop, update_schema
from app.cli.reports import add_report
from app.cli.tax_rates import add_tax_rates
from app.database.outages import outage_reason
from app.demo.load import fill_with_demo
from app.errors import Conflict, InvalidInput, NotFound, Unavailable
from app.jobs.file_import import UnreadableFile
from app.services.identity.start_service import generate_password
from app.settings import InvalidSettings, Settings, get_settings
from app.wiring.areas.identity import provide_start
from app.wiring.resources import Shop

_WAIT_STEP_SECONDS = 1.0


def main(argv: list[str] | None = None, settings: Settings | None = None) -> None:
    """Run a command and exit with 0 on success, 1 if parts were refused, 2 if nothing was done.

    The defaults are the arguments and the settings of the process.
    """
    arguments = _parser().parse_args(argv)
    try:
        sys.exit(asyncio.run(arguments.run(arguments, settings or get_settings())))
    except Unavailable as error:
        place = (settings or get_settings()).data_place
        print(f"error: {place}: {outage_reason(error)}", file=sys.stderr)
        sys.exit(2)
    except InvalidInput as error:
        reasons = "; ".join(
            f"{each['pointer'].removeprefix('#/')}: {each['detail']}"
            for each in error.context["errors"]
        )
        print(f"error: {reasons}", file=sys.stderr)
        sys.exit(2)
    except (InvalidSettings, UnreadableFile, Conflict, NotFound, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("stopped; run the command again to continue", file=sys.stderr)
        sys.exit(130)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lavka",
        description="Administer a shop. The commands use the same settings as main.py.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for add in _COMMANDS:
        add(commands)
    return parser


def _add_admin(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "admin",
        help="make a user an administrator, with a new password",
        description="Make the user with an e-mail address an administrator, or add one, and print "
        "a generated password. All log-ins of the user end.",
    )
    parser.add_argument("email", metavar="EMAIL", help="the e-mail address")
    parser.set_defaults(run=_make_admin)


def _add_migrate(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "migrate",
        help="update the database schema",
        description="Apply every missing migration, once even if several processes run it.",
    )
    parser.add_argument(
        "--wait",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="how long to wait for the database to answer (%(default)g)",
    )
    parser.set_defaults(run=_migrate)


def _add_demo(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "demo",
        help="fill an empty shop with demo data",
        description="Import an extract of a year of a grocery chain, if the shop never had a "
        "product. main.py --demo does the same; this command also works on a running shop.",
    )
    parser.set_defaults(run=_load_demo)


async def _migrate(arguments: argparse.Namespace, settings: Settings) -> int:
    shop = Shop(settings)
    deadline = time.monotonic() + arguments.wait
    try:
        while True:
            try:
                was_behind = await update_schema(shop)
                # The processes that start next could not work with a read-only server.
                await shop.database.ping()
                break
            except Unavailable as error:
                if time.monotonic() > deadline:
                    raise
                print(f"waiting for {settings.data_place}: {outage_reason(error)}", flush=True)
                await asyncio.sleep(_WAIT_STEP_SECONDS)
    finally:
        await shop.close()
    print(f"{settings.data_place}: {'migrated' if was_behind else 'up to date'}", flush=True)
    return 0


async def _load_demo(_arguments: argparse.Namespace, settings: Settings) -> int:
    async with opened_shop(settings) as shop:
        was_empty = await fill_with_demo(shop)
    print("demo data imported" if was_empty else "the shop is in use; nothing was changed")
    return 0


async def _make_admin(arguments: argparse.Namespace, settings: Settings) -> int:
    password = generate_password()
    async with opened_shop(settings) as shop, shop.database.write() as session:
        await provide_start(session, shop).appoint(arguments.email, password)
    print(f"{arguments.email} is an administrator, with the password {password}")
    return 0


# The order is that of the help.
_COMMANDS = (
    *(add_import, add_export, add_tax_rates, _add_admin, add_report),
    *(_add_migrate, _add_demo, add_backup, add_dead_letters, add_mail_preview, add_payments),
)


if __name__ == "__main__":
    main()
