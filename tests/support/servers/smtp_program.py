"""The program of the SMTP server, separate from the code that starts it, for a fast import."""

import argparse
import asyncio
import json
import ssl
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, SECRET = "lavka", "s3cret@/:?"
SILENT_SECONDS = 60


class _Mailbox:
    """Responds to a mail according to the options."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._folder: Path = arguments.folder
        self._refuses: bool = arguments.refuse
        self._is_silent: bool = arguments.silent

    async def handle_DATA(  # pylint: disable=invalid-name  # aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Store a mail, refuse it, or send no response."""
        (self._folder / "spoken-to").touch()
        if self._is_silent:
            await asyncio.sleep(SILENT_SECONDS)
        if self._refuses:
            return f"451 {envelope.rcpt_tos[0]} is busy, try again later"
        content = envelope.content
        kept = {
            "sender": envelope.mail_from,
            "recipients": envelope.rcpt_tos,
            "is_encrypted": session.ssl is not None,
            "is_authenticated": session.authenticated,
            "text": content.decode("utf-8") if isinstance(content, bytes) else content,
        }
        part = self._folder / f"{uuid4()}.part"
        part.write_text(json.dumps(kept), "utf-8")
        part.rename(part.with_name(f"{time.time_ns()}-{part.stem}.json"))
        assert server.transport is not None
        return "250 OK"


class _Server(SMTP):
    """Accepts addresses unchanged: the library would decode encoded words in them."""

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        address, bracket, rest = arg.strip().removeprefix("<").partition(">")
        return (address, rest) if bracket else (None, None)


def _authenticate(
    _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: Any
) -> AuthResult:
    is_right = isinstance(given, LoginPassword) and given == LoginPassword(
        USER.encode(), SECRET.encode()
    )
    return AuthResult(success=is_right, handled=False)


async def _serve(arguments: argparse.Namespace) -> None:
    tls = None
    if arguments.certificate:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(arguments.certificate)

    def protocol() -> SMTP:
        return _Server(
            _Mailbox(arguments),
            enable_SMTPUTF8=not arguments.ascii,
            tls_context=tls,
            require_starttls=tls is not None,
            authenticator=_authenticate if arguments.auth else None,
            auth_required=arguments.auth,
            auth_require_tls=False,
            loop=asyncio.get_running_loop(),
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", arguments.port)
    (arguments.folder / "ready").touch()
    await server.serve_forever()


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--ascii", action="store_true", help="do not support addresses in Unicode")
    parser.add_argument("--auth", action="store_true", help="require log-in with the password")
    parser.add_argument("--certificate", help="require TLS, with the certificate and key in a file")
    parser.add_argument("--refuse", action="store_true", help="refuse every mail temporarily")
    parser.add_argument("--silent", action="store_true", help="accept a mail without a response")
    asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
