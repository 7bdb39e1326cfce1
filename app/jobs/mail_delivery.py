"""Sends the waiting mails over SMTP, or prints them if SMTP is not configured."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from email.utils import parseaddr
from typing import TYPE_CHECKING

from msgspec import Struct

from app.core.email_addresses import ascii_form
from app.models import OutgoingMail
from app.runtime.supervisor import repeat
from app.settings import Settings
from app.wiring.areas.invoices import provide_invoice_books
from app.wiring.areas.system import provide_mails
from app.wiring.resources import Shop

if TYPE_CHECKING:
    from email.message import EmailMessage

    from aiosmtplib import SMTP

logger = logging.getLogger(__name__)

_POLL_SECONDS = 1.0
_TIMEOUT_SECONDS = 20.0


class Attachment(Struct, frozen=True):
    """A file that is sent with a mail."""

    name: str
    content: bytes
    """As PDF."""


Send = Callable[[OutgoingMail, Attachment | None], Awaitable[None]]


async def deliver_mails(shop: Shop) -> None:
    """Send mails as they become due, until cancelled."""
    send = sender_of(shop.settings)

    async def deliver() -> None:
        if not await deliver_due(shop, send):
            await asyncio.sleep(_POLL_SECONDS)

    await repeat("mails", deliver)


async def deliver_due(shop: Shop, send: Send) -> bool:
    """Send the mails that are due; return whether there was any.

    A mail is leased in one transaction, sent outside of any, and recorded in another one; if the
    process crashes in between, it is sent again.
    """
    async with shop.database.read() as session:
        if not await provide_mails(session, shop).has_due():
            return False
    async with shop.database.write() as session:
        mails = await provide_mails(session, shop).take_due()
    for mail in mails:
        is_sent = await _send(shop, send, mail)
        async with shop.database.write() as session:
            outgoing = provide_mails(session, shop)
            if is_sent:
                await outgoing.mark_sent(mail.id)
            elif await outgoing.mark_failed(mail.id):
                logger.error("gave up mail %s after %s attempts", mail.id, mail.attempts)
    return bool(mails)


def sender_of(settings: Settings) -> Send:
    """Return the function that sends mails."""
    return _print if settings.smtp_host is None else _smtp(settings)


async def _send(shop: Shop, send: Send, mail: OutgoingMail) -> bool:
    try:
        _require_one_address(mail.recipient)
        await send(mail, await _attachment_of(shop, mail))
    except Exception as error:  # pylint: disable=broad-exception-caught
        # Any error concerns this mail only and must not stop the others. Its text is not logged,
        # because servers repeat the address in it.
        logger.warning("mail %s was not sent: %s", mail.id, type(error).__name__)
        return False
    return True


def _require_one_address(recipient: str) -> None:
    """Require that every mail program reads a stored recipient as one address.

    Raises:
        ValueError: the recipient is not one address.
    """
    if parseaddr(recipient) != ("", recipient) or not recipient.isprintable():
        raise ValueError("the recipient is not one address")


async def _attachment_of(shop: Shop, mail: OutgoingMail) -> Attachment | None:
    """Draw the invoice that belongs to a mail; it is not stored as a file."""
    if mail.invoice_id is None or shop.settings.smtp_host is None:
        return None
    # The library is slow to import, and most processes never draw a PDF.
    # pylint: disable-next=import-outside-toplevel
    from app.documents.invoice_pdf import invoice_as_pdf

    async with shop.database.read() as session:
        invoice = await provide_invoice_books(session, shop).show(None, mail.invoice_id)
    return Attachment(invoice.file_name, await asyncio.to_thread(invoice_as_pdf, invoice))


async def _print(mail: OutgoingMail, _: Attachment | None) -> None:
    line = "─" * 72
    print(f"{line}\nMail to {mail.recipient}: {mail.subject}\n\n{mail.body}{line}", flush=True)


def _smtp(settings: Settings) -> Send:
    async def send(mail: OutgoingMail, attachment: Attachment | None) -> None:
        # A shop without mails does not need the library, and no shop needs it at its start.
        from aiosmtplib import SMTP  # pylint: disable=import-outside-toplevel

        password = settings.smtp_password
        server = SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_user,
            password=None if password is None else password.get_secret_value(),
            use_tls=settings.smtp_security == "tls",
            start_tls=settings.smtp_security == "starttls",
        )
        # The library limits each step; this limits all of them together.
        async with asyncio.timeout(_TIMEOUT_SECONDS), server:
            await _hand_over(server, mail, attachment, settings.mail_from)

    return send


async def _hand_over(
    server: "SMTP", mail: OutgoingMail, attachment: Attachment | None, sender: str
) -> None:
    """Send a mail to its stored recipient, in ASCII if the server supports nothing else.

    Raises:
        ValueError: the address has no form in ASCII.
    """
    from aiosmtplib import SMTPHeloError  # pylint: disable=import-outside-toplevel

    if server.is_ehlo_or_helo_needed:
        with suppress(SMTPHeloError):
            await server.ehlo()
    recipient = mail.recipient
    if not recipient.isascii() and not server.supports_extension("smtputf8"):
        recipient = ascii_form(recipient)
    is_ascii = (sender + recipient).isascii()
    message = _message(mail, sender, recipient, is_ascii=is_ascii)
    if attachment is not None:
        message.add_attachment(
            attachment.content, maintype="application", subtype="pdf", filename=attachment.name
        )
    await server.sendmail(
        parseaddr(sender)[1],
        [recipient],
        message.as_bytes(),
        mail_options=[] if is_ascii else ["SMTPUTF8"],
    )


def _message(mail: OutgoingMail, sender: str, recipient: str, *, is_ascii: bool) -> "EmailMessage":
    # The grammar of mail headers is one of the slowest imports of the standard library.
    from email import policy  # pylint: disable=import-outside-toplevel
    from email.message import EmailMessage  # pylint: disable=import-outside-toplevel

    # A header that is parsed or folded again could name another recipient (RFC 2047).
    exact = policy.SMTP.clone(refold_source="none", cte_type="7bit", utf8=not is_ascii)
    message = EmailMessage(exact)
    message["From"] = sender
    message.set_raw("To", recipient)
    message["Subject"] = mail.subject
    message["Date"] = mail.created_at
    message["Message-ID"] = f"<{mail.id}@{sender.rpartition('@')[2].rstrip('>')}>"
    message.set_content(mail.body)
    if mail.html is not None:
        message.add_alternative(mail.html, subtype="html")
    return message
