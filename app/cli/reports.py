"""The `lavka report` command: makes the reports of days that are over."""

import argparse
from collections import Counter
from datetime import date

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.core.calendar import span
from app.errors import DomainError, Unavailable
from app.jobs.daily_reports import make_report
from app.settings import Settings
from app.wiring.lifecycle import prepare
from app.wiring.resources import Shop


def add_report(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to those of the command line."""
    parser = commands.add_parser(
        "report",
        help="make the reports of days",
        description="Make the report of a day of the shop that is over, or of several. One that "
        "would say the same stays as it is; one whose orders have changed since, as by an import, "
        "is made anew.",
    )
    parser.add_argument("day", type=date.fromisoformat, metavar="DAY", help="as in 2017-06-01")
    parser.add_argument(
        "--to", type=date.fromisoformat, metavar="DAY", help="the last day; absent, it is one"
    )
    parser.set_defaults(run=_report)


async def _report(arguments: argparse.Namespace, settings: Settings) -> int:
    days = span(arguments.day, arguments.to or arguments.day)
    outcomes: Counter[str] = Counter()
    refused: list[DomainError] = []
    shop = Shop(settings)
    columns = (TextColumn("reports"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        await prepare(shop)
        with Progress(*columns, console=Console(stderr=True)) as progress:
            for day in progress.track(days):
                try:
                    outcomes[await make_report(shop, day)] += 1
                except Unavailable:
                    raise
                except DomainError as error:
                    refused.append(error)
    finally:
        await shop.close()
    told = [f"{count} {outcome}" for outcome, count in sorted(outcomes.items())]
    print(", ".join([*told, *([f"{len(refused)} refused"] if refused else [])]) or "no days")
    for each in refused:
        print(f"{each.code}: {each}")
    return 1 if refused else 0
