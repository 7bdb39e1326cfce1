"""The `lavka mail-preview` command, which writes sample mails to files."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from app.mails.guest_data_mail import GUEST_DATA
from app.mails.order_mail import Mail, OrderMailKind
from app.mails.rendering import OrderMails
from app.mails.sample import sample_guest_data, sample_order
from app.mails.texts import UnusableTemplate
from app.settings import InvalidSettings, Settings
from app.wiring.resources import Shop

_KINDS = [*(kind.value for kind in OrderMailKind), GUEST_DATA]


def add_mail_preview(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "mail-preview",
        help="write sample mails to files",
        description="Write the mails about a sample order and the one to a guest, as text and as "
        "HTML, with the texts and templates of the shop or of MAIL_TEMPLATES. Nothing is sent, and "
        "no database is used.",
    )
    parser.add_argument(
        "--locale",
        help="only the mails to a customer with this locale, such as de or de-AT; English if its "
        "language has no texts",
    )
    parser.add_argument("--kind", choices=_KINDS, help="only mails of this kind")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("mail-preview"),
        metavar="FOLDER",
        help="the folder for the files (%(default)s)",
    )
    parser.set_defaults(run=_write)


async def _write(arguments: argparse.Namespace, settings: Settings) -> int:
    kinds = [arguments.kind] if arguments.kind else _KINDS
    shop = Shop(settings)
    try:
        for path, content in _files(shop.order_mails, kinds, arguments.locale):
            target = arguments.out / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content, "utf-8")
            print(target)
    except UnusableTemplate as error:
        raise InvalidSettings(f"MAIL_TEMPLATES: {error}") from error
    finally:
        await shop.close()
    return 0


def _files(mails: OrderMails, kinds: list[str], locale: str | None) -> Iterator[tuple[str, str]]:
    """Yield the name and the content of each file."""
    codes = sorted(mails.languages) if locale is None else [mails.language_of(locale).code]
    for kind in kinds:
        for code in codes:
            mail = _rendered(mails, kind, code)
            yield f"{kind}.{code}.txt", f"Subject: {mail.subject}\n\n{mail.text}"
            yield f"{kind}.{code}.html", mail.html


def _rendered(mails: OrderMails, kind: str, locale: str) -> Mail:
    if kind == GUEST_DATA:
        return mails.render_guest_data_strictly(sample_guest_data(locale))
    return mails.render_strictly(OrderMailKind(kind), sample_order(locale))
