"""Sends the mails that wait: over SMTP, or, where none is set, onto the console."""

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
    """Send the mails that are due; tell whether there was any.

    A mail is sent outside of all transactions: between them it is leased, and who dies with it
    has it sent once more.
    """
    async with shop.database.read() as session:
        if not await provide_mails(session, shop).has_due():
            return False
    async with shop.database.write() as session:
        mails = await provide_mails(session, shop).take_due()
    for mail in mails:
        is_sent = await _send(send, mail, shop.settings.mail_from)
        async with shop.database.write() as session:
            mails_kept = provide_mails(session, shop)
            if is_sent:
                await mails_kept.mark_sent(mail.id)
            elif await mails_kept.mark_failed(mail.id):
                logger.error("mail %s is given up after %s attempts", mail.id, mail.attempts)
    return bool(mails)


def sender_of(settings: Settings) -> Send:
    """Return the way in which mails are sent."""
    return _print if settings.smtp_host is None else _smtp(settings)


async def _send(send: Send, mail: OutgoingMail, sender: str) -> bool:
    try:
        await send(_message(mail, sender))
    except Exception as error:  # pylint: disable=broad-exception-caught
        # Whatever it is, it is this mail's: the others must not wait for it. Not the error's
        # text: servers repeat the address in it.
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
        # A shop that sends none does without, and most starts send none at first.
        import aiosmtplib  # pylint: disable=import-outside-toplevel

        password = settings.smtp_password
        options: dict[str, Any] = {
            "username": settings.smtp_user,
            "password": None if password is None else password.get_secret_value(),
            "use_tls": settings.smtp_security == "tls",
            "start_tls": settings.smtp_security == "starttls",
        }
        # Each step has a time-out of its own there; this is for all of them.
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            await aiosmtplib.send(
                message,
                # To the address as it is, and not to what can be read out of it.
                recipients=[str(message["To"])],
                hostname=settings.smtp_host,
                port=settings.smtp_port,
                **options,
            )

    return send
