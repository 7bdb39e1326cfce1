"""The `lavka report` command, which makes daily reports."""

import argparse
from collections import Counter
from datetime import date

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.cli.prepare import opened_shop
from app.core.calendar import span
from app.errors import DomainError, Unavailable
from app.jobs.daily_reports import make_report
from app.settings import Settings


def add_report(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "report",
        help="make daily reports",
        description="Make the reports of one or more shop days that have ended. A report whose "
        "content would be the same stays unchanged; if its orders have changed, for example by an "
        "import, it is made again.",
    )
    parser.add_argument(
        "day",
        type=date.fromisoformat,
        metavar="DAY",
        help="the day, or the first one, as in 2017-06-01",
    )
    parser.add_argument(
        "--to", type=date.fromisoformat, metavar="DAY", help="the last day (default: DAY)"
    )
    parser.set_defaults(run=_report)


async def _report(arguments: argparse.Namespace, settings: Settings) -> int:
    days = span(arguments.day, arguments.to or arguments.day)
    outcomes: Counter[str] = Counter()
    refused: list[DomainError] = []
    columns = (TextColumn("reports"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    async with opened_shop(settings) as shop:
        with Progress(*columns, console=Console(stderr=True)) as progress:
            for day in progress.track(days):
                try:
                    outcomes[await make_report(shop, day)] += 1
                except Unavailable:
                    raise
                except DomainError as error:
                    refused.append(error)
    parts = [f"{count} {outcome}" for outcome, count in sorted(outcomes.items())]
    print(", ".join([*parts, *([f"{len(refused)} refused"] if refused else [])]) or "no days")
    for reason in refused:
        print(f"{reason.code}: {reason}")
    return 1 if refused else 0
