"""Sends the waiting mails over SMTP, or prints them if SMTP is not configured."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from typing import Any

from app.models import OutgoingMail
from app.runtime.supervisor import repeat
from app.settings import Settings
from app.wiring.resources import Shop
from app.wiring.system import provide_mails

logger = logging.getLogger(__name__)

_POLL_SECONDS = 1.0
_TIMEOUT_SECONDS = 20.0

Send = Callable[[EmailMessage], Awaitable[None]]


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
        is_sent = await _send(send, mail, shop.settings.mail_from)
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


async def _send(send: Send, mail: OutgoingMail, sender: str) -> bool:
    try:
        await send(_message(mail, sender))
    except Exception as error:  # pylint: disable=broad-exception-caught
        # Any error concerns this mail only and must not stop the others. Its text is not logged,
        # because servers repeat the address in it.
        logger.warning("mail %s was not sent: %s", mail.id, type(error).__name__)
        return False
    return True


def _message(mail: OutgoingMail, sender: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, mail.recipient, mail.subject
    message["Date"] = mail.created_at
    message["Message-ID"] = f"<{mail.id}@{sender.rpartition('@')[2]}>"
    message.set_content(mail.body)
    return message


async def _print(message: EmailMessage) -> None:
    line = "─" * 72
    text = message.get_content()
    print(f"{line}\nMail to {message['To']}: {message['Subject']}\n\n{text}{line}", flush=True)


def _smtp(settings: Settings) -> Send:
    async def send(message: EmailMessage) -> None:
        # Not needed by a shop without mails, nor at the start of any other.
        import aiosmtplib  # pylint: disable=import-outside-toplevel

        password = settings.smtp_password
        options: dict[str, Any] = {
            "username": settings.smtp_user,
            "password": None if password is None else password.get_secret_value(),
            "use_tls": settings.smtp_security == "tls",
            "start_tls": settings.smtp_security == "starttls",
        }
        # The library limits each step; this limits all of them together.
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            await aiosmtplib.send(
                message,
                # The exact address, not the one that would be parsed from the header.
                recipients=[str(message["To"])],
                hostname=settings.smtp_host,
                port=settings.smtp_port,
                **options,
            )

    return send
