"""The `lavka tax-rates` command, which adds the rates of tax of European countries."""

import argparse
import csv
from collections.abc import Collection
from importlib.resources import files

from app.cli.prepare import opened_shop
from app.schemas.taxes.tax_rate_schema import TaxRateCreate
from app.security.principal import SYSTEM
from app.settings import Settings
from app.wiring.areas.taxes import provide_tax_rates


def add_tax_rates(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "tax-rates",
        help="add rates of tax of European countries",
        description="Add the standard rates of the member states of the EU, of Norway, "
        "Switzerland and the United Kingdom, and the reduced rate of those that have only one. "
        "A country that has rates already stays unchanged. The shop may run meanwhile.",
    )
    parser.set_defaults(run=_add)


def shipped_rates(classes: Collection[str]) -> list[TaxRateCreate]:
    """Return the rates of these tax classes that come with the shop."""
    text = files("app.services.taxes").joinpath("tax_rates.csv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines())
    return [TaxRateCreate.model_validate(row) for row in rows if row["tax_class"] in classes]


async def _add(_arguments: argparse.Namespace, settings: Settings) -> int:
    rates = shipped_rates(settings.tax_classes)
    async with opened_shop(settings) as shop, shop.database.write() as session:
        count = await provide_tax_rates(session, shop).add_missing(SYSTEM, rates)
    print(f"{count} rates of tax added, {len(rates) - count} unchanged")
    return 0
