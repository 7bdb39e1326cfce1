"""The `lavka dead-letters` commands for messages that cannot be applied."""

import argparse
import json
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.cli.prepare import opened_shop
from app.errors import DeadLetterNotFound
from app.messaging.commands import COMMANDS
from app.schemas.messaging.dead_letter_schema import (
    DeadLetterQuery,
    DeadLetterRead,
    DeadLetterSummary,
)
from app.schemas.page_schema import MAX_ITEMS
from app.security.principal import SYSTEM, Caller
from app.services.messaging.dead_letter_service import DeadLetterService
from app.settings import Settings
from app.wiring.areas.messaging import provide_dead_letters
from app.wiring.resources import Shop

_SHOWN = 50

_Action = Callable[[DeadLetterService, Caller, UUID], Awaitable[None]]


def add_dead_letters(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands to the command line."""
    parser = commands.add_parser(
        "dead-letters",
        help="list, show, requeue or discard messages that could not be applied",
        description="Manage messages that could not be applied. A requeued message keeps its id, "
        "so that it is applied only once, even if it is requeued several times.",
    )
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="list dead letters, newest first")
    _add_queue(listing)
    listing.add_argument(
        "--limit",
        type=_positive,
        default=_SHOWN,
        metavar="N",
        help=f"the maximum number to list ({_SHOWN})",
    )
    listing.set_defaults(run=_list)
    showing = actions.add_parser("show", help="show a dead letter with its body")
    showing.add_argument("id", type=UUID, metavar="ID", help="the dead letter's id")
    showing.set_defaults(run=_show)
    for action in (listing, showing):
        action.add_argument("--json", action="store_true", help="print JSON")
    _add_action(
        actions, "requeue", "put dead letters back on their queue", DeadLetterService.requeue
    )
    _add_action(actions, "discard", "discard dead letters permanently", DeadLetterService.discard)


def _add_queue(parser: argparse.ArgumentParser) -> None:
    queues = list(COMMANDS)
    parser.add_argument(
        "--queue",
        choices=queues,
        metavar="QUEUE",
        help=f"only dead letters of this queue: {', '.join(queues)}",
    )


def _add_action(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    summary: str,
    action: _Action,
) -> None:
    parser = actions.add_parser(name, help=summary, description=f"{summary.capitalize()}.")
    parser.add_argument("ids", nargs="*", type=UUID, metavar="ID", help="the dead letters' ids")
    parser.add_argument(
        "--all", action="store_true", help="all dead letters of --queue, oldest first"
    )
    _add_queue(parser)
    parser.add_argument(
        "--yes",
        action="store_true",
        help="with --all: do it, instead of only counting the dead letters",
    )

    async def run(arguments: argparse.Namespace, settings: Settings) -> int:
        if bool(arguments.ids) == arguments.all:
            parser.error("give either ids or --all")
        if arguments.all != bool(arguments.queue):
            parser.error("--all and --queue must be given together")
        return await _do(arguments, settings, f"{name.rstrip('e')}ed", action)

    parser.set_defaults(run=run)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


async def _list(arguments: argparse.Namespace, settings: Settings) -> int:
    async with opened_shop(settings) as shop:
        letters = await _find(shop, arguments.queue, arguments.limit + 1)
    shown = letters[: arguments.limit]
    if arguments.json:
        print(json.dumps([each.model_dump(mode="json") for each in shown], indent=2))
        return 0
    table = Table("dead letter", "reason", box=box.SIMPLE)
    for each in shown:
        table.add_row(_identity(each), _reason(each), end_section=True)
    console = Console()
    if shown:
        console.print(table)
    if len(letters) > len(shown):
        console.print(f"only the newest {len(shown)} are listed; --limit N lists more")
    if not letters:
        console.print("no dead letters")
    return 0


async def _show(arguments: argparse.Namespace, settings: Settings) -> int:
    async with opened_shop(settings) as shop, shop.database.read() as session:
        letter: DeadLetterRead = await provide_dead_letters(session, shop).get(SYSTEM, arguments.id)
    if arguments.json:
        print(json.dumps(letter.model_dump(mode="json"), indent=2))
        return 0
    grid = Table.grid(padding=(0, 2))
    for name, value in letter.model_dump(mode="json", exclude={"body"}).items():
        grid.add_row(Text(name, style="bold"), _printable(str(value)))
    console = Console()
    console.print(grid)
    console.print()
    console.print(_printable(letter.body), soft_wrap=True)
    return 0


async def _do(arguments: argparse.Namespace, settings: Settings, done: str, action: _Action) -> int:
    """Run an action on each dead letter; return 0 if all succeed, 1 if some do, 2 if none does."""
    errors = Console(stderr=True, highlight=False)
    async with opened_shop(settings) as shop:
        ids: list[UUID] = arguments.ids
        if arguments.all:
            letters = await _find(shop, arguments.queue, None)
            if not arguments.yes:
                errors.print(f"error: {len(letters)} would be {done}; add --yes to do it")
                return 2
            # The oldest message is applied first.
            ids = [each.id for each in reversed(letters)]
        missing: list[DeadLetterNotFound] = []
        for start in range(0, len(ids), MAX_ITEMS):
            missing += await _do_some(shop, ids[start : start + MAX_ITEMS], action)
    for error in missing:
        errors.print(f"error: {error}", soft_wrap=True)
    print(f"{len(ids) - len(missing)} {done}")
    if not missing:
        return 0
    return 1 if len(missing) < len(ids) else 2


async def _do_some(shop: Shop, ids: Sequence[UUID], action: _Action) -> list[DeadLetterNotFound]:
    missing: list[DeadLetterNotFound] = []
    async with shop.database.write() as session:
        letters = provide_dead_letters(session, shop)
        for each in ids:
            try:
                await action(letters, SYSTEM, each)
            except DeadLetterNotFound as error:
                missing.append(error)
    return missing


async def _find(shop: Shop, queue: str | None, limit: int | None) -> list[DeadLetterSummary]:
    """Return dead letters, newest first; without a limit, all of them."""
    found: list[DeadLetterSummary] = []
    cursor: str | None = None
    while True:
        query = DeadLetterQuery(queue=queue, limit=MAX_ITEMS, cursor=cursor)
        async with shop.database.read() as session:
            page = await provide_dead_letters(session, shop).find(query)
        found += page.items
        cursor = page.next
        if cursor is None or (limit is not None and len(found) >= limit):
            return found[:limit]


def _identity(letter: DeadLetterSummary) -> Text:
    tries = "once" if letter.attempts == 1 else f"{letter.attempts} times"
    when = f"{letter.created_at:%Y-%m-%d %H:%M:%S} UTC"
    return Text(f"{letter.id}\n{letter.queue}, tried {tries}\n{when}", no_wrap=True)


def _reason(letter: DeadLetterSummary) -> Text:
    return Text.assemble(
        (_plain(letter.code), "bold"),
        f"\n{_plain(letter.reason)}\n",
        (f"message {_plain(letter.message_id)}", "dim"),
    )


def _printable(text: str) -> Text:
    return Text("\n".join(_plain(line) for line in text.splitlines()))


def _plain(text: str) -> str:
    # Senders of messages must not be able to control the terminal of the reader.
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
