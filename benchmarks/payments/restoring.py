"""Restores a database from a backup, and checks that all later payments are named."""

import asyncio
import re
import sys
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from app.models import Payment
from app.settings import Settings
from app.wiring.resources import Shop
from benchmarks.support.servers import ROOT, environment

_RECONCILE = "from app.cli.main import main; main(['payments', 'reconcile'])"
_SECONDS = 300
_REFERENCE = re.compile(r"\bpi_\w+")


async def reconciled(settings: Settings) -> str:
    """Run `lavka payments reconcile` over a database; return its output."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _RECONCILE,
        cwd=ROOT,
        env=environment(settings),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(_SECONDS):
        printed, _ = await process.communicate()
    return printed.decode()


async def not_named(
    settings: Settings, ledger: Mapping[str, Any], printed: str
) -> tuple[int, list[str]]:
    """Return the number of payments that the restored shop lacks, and the wrong lines on them."""
    shop = Shop(settings)
    try:
        async with shop.database.read() as session:
            rows = list(await session.scalars(select(Payment)))
    finally:
        await shop.close()
    known, by_reference = {str(each.id) for each in rows}, {each.reference: each for each in rows}
    lacking = {
        reference: each
        for reference, each in ledger.items()
        if each["metadata"]["payment_id"] not in known
    }
    named = set(_REFERENCE.findall(printed))
    found = [f"{each} is not named" for each in lacking.keys() - named]
    found += [f"{each} is named, and the shop has it" for each in named - lacking.keys()]
    found += [
        f"order {each['metadata']['order_number']} of {reference} is not named"
        for reference, each in lacking.items()
        if f"order {each['metadata']['order_number']} " not in printed
    ]
    for reference, theirs in ledger.items():
        mine = by_reference.get(reference)
        their = (theirs["received"], theirs["refunded"])
        if mine is not None and (mine.captured_minor, mine.refunded_minor) != their:
            found.append(f"{reference}: captured and refunded are not {their}, as they are there")
    return len(lacking), found
