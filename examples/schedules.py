"""Adds schedules of the shop's tasks in Redis while the shop runs, lists and deletes them.

The scheduler reads them once a minute: no process has to be restarted.
"""

import argparse
import asyncio
import sys

from taskiq import ScheduledTask

from app.core.cron import Cron
from app.scheduler import added_schedules
from app.settings import InvalidSettings, Settings, get_settings

TASKS = ("generate_reports", "tidy")


async def change(arguments: argparse.Namespace, settings: Settings) -> None:
    """Make the requested change, then print all schedules."""
    source = added_schedules(settings)
    await source.startup()
    try:
        if arguments.command in ("add", "remove"):
            # A second schedule with the same id would run twice.
            await source.delete_schedule(arguments.id)
        if arguments.command == "add":
            await source.add_schedule(
                ScheduledTask(
                    schedule_id=arguments.id,
                    task_name=arguments.task,
                    cron=arguments.cron,
                    cron_offset=settings.shop_timezone,
                    labels={},
                    args=[],
                    kwargs={},
                )
            )
        for each in await source.get_schedules():
            print(f"{each.schedule_id}: {each.task_name} at {each.cron} ({each.cron_offset})")
    finally:
        await source.shutdown()


def cron_expression(text: str) -> str:
    """Return a cron expression as TaskIQ reads it."""
    try:
        return Cron(text).expression
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def main() -> None:
    """Change the schedules by the arguments."""
    parser = argparse.ArgumentParser(prog="python -m examples.schedules", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    adding = commands.add_parser("add", help="add a schedule, or replace it")
    adding.add_argument("id", help="a name for the schedule")
    adding.add_argument("cron", type=cron_expression, help="when, in SHOP_TIMEZONE")
    adding.add_argument("--task", choices=TASKS, default=TASKS[0], help="what (%(default)s)")
    commands.add_parser("list", help="list the schedules")
    commands.add_parser("remove", help="delete a schedule").add_argument("id")
    try:
        asyncio.run(change(parser.parse_args(), get_settings()))
    except InvalidSettings as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
