"""Passwords and e-mail addresses: their change and verification."""

import hmac
from datetime import timedelta
from uuid import UUID

from app.core.clock import Clock
from app.core.email_addresses import address_key
from app.errors import InvalidCredentials, InvalidInput, InvalidToken, UserNotFound
from app.models import User
from app.repositories.identity.session_repository import SessionRepository
from app.repositories.identity.user_repository import Credentials, UserRepository
from app.schemas.identity.auth_schema import PasswordChange, PasswordReset
from app.security.areas.identity import IdentityAudited
from app.security.passwords import Passwords, require_strong
from app.security.principal import Caller
from app.security.rate_limits import RateLimits
from app.security.tokens import TokenKind, Tokens, digest_of
from app.services.system.audit_service import AuditService
from app.services.system.mail_service import MailService
from app.services.system.mail_texts import MailTexts
from app.settings import Settings

RESET_LIFETIME = timedelta(hours=1)
VERIFY_LIFETIME = timedelta(days=7)


class AccountService:
    """Changes passwords and verifies e-mail addresses."""

    def __init__(
        self,
        users: UserRepository,
        sessions: SessionRepository,
        audit: AuditService,
        mails: MailService,
        passwords: Passwords,
        tokens: Tokens,
        limits: RateLimits,
        clock: Clock,
        settings: Settings,
    ) -> None:
        self._users = users
        self._sessions = sessions
        self._audit = audit
        self._mails = mails
        self._passwords = passwords
        self._tokens = tokens
        self._limits = limits
        self._clock = clock
        self._limit = settings.login_limit_per_account
        self._network_limit = settings.login_limit_per_address
        self._texts = MailTexts(settings.storefront_url)

    async def change_password(self, caller: Caller, change: PasswordChange) -> None:
        """Change the caller's password and end every log-in of the caller.

        Raises:
            TooManyRequests: too many attempts.
            InvalidCredentials: the current password is wrong.
            InvalidInput: the new password does not meet the requirements.
        """
        known = await self.require_password(caller, change.current_password, "current_password")
        require_strong(change.new_password, "new_password", known.username, known.email)
        new_hash = await self._passwords.hash(change.new_password)
        user = await self._users.get(known.user_id, lock=True)
        if user.password_hash != known.password_hash:
            raise InvalidCredentials("the current password is wrong")
        await self._set_password(user, new_hash)
        await self._audit.record(IdentityAudited.PASSWORD_CHANGED, caller, user.id)

    async def require_password(
        self, caller: Caller, password: str | None, field: str
    ) -> Credentials:
        """Require that the caller knows the password and does not merely have a token.

        Raises:
            TooManyRequests: too many attempts.
            InvalidInput: the password is missing.
            InvalidCredentials: the password is wrong.
        """
        if password is None:
            raise InvalidInput(
                "the password is required", [{"pointer": f"#/{field}", "detail": "is required"}]
            )
        await self._limit_hashes(caller.own_id)
        known = await self._users.credentials_of_id(caller.own_id)
        await self._users.end_read()
        kept = None if known is None else known.password_hash
        if known is None or not await self._passwords.verify(password, kept):
            await self._audit.record(IdentityAudited.LOGIN_FAILED, caller, caller.own_id)
            raise InvalidCredentials("the current password is wrong")
        return known

    async def send_reset(self, email: str, caller: Caller) -> None:
        """Send a mail to reset a password; the answer does not reveal whether the user exists.

        Raises:
            TooManyRequests: too many mails to this address.
        """
        await self.limit_mails(email)
        known = await self._users.credentials_of(email)
        if known is None or not known.is_active:
            await self._audit.record(IdentityAudited.PASSWORD_FORGOTTEN, caller, None)
            return
        # A change of the password or the address invalidates the token.
        token = self._tokens.issue(
            TokenKind.RESET_PASSWORD,
            known.user_id,
            RESET_LIFETIME,
            for_=_fingerprint(known.password_hash, known.email),
        )
        await self._mails.write(known.user_id, known.email, self._texts.reset_password(token))
        await self._audit.record(IdentityAudited.PASSWORD_FORGOTTEN, caller, known.user_id)

    async def reset_password(self, reset: PasswordReset, caller: Caller) -> None:
        """Set a new password with the token from an e-mail, and end every log-in of the user.

        Raises:
            InvalidToken: the token was not issued by the shop, or was used already.
            TooManyRequests: too many attempts.
            InvalidInput: the new password does not meet the requirements.
        """
        claims = self._tokens.read(TokenKind.RESET_PASSWORD, reset.token)
        await self._limit_hashes(claims.subject)
        known = await self._users.credentials_of_id(claims.subject)
        await self._users.end_read()
        if known is None:
            raise InvalidToken("the user of this token does not exist")
        require_strong(reset.new_password, "new_password", known.username, known.email)
        new_hash = await self._passwords.hash(reset.new_password)
        user = await self._get(claims.subject)
        if not hmac.compare_digest(
            claims.more["for_"], _fingerprint(user.password_hash, user.email)
        ):
            raise InvalidToken("the token was used already")
        # The token was in a mail to the address, so the address is verified.
        user.email_verified_at = user.email_verified_at or self._clock.now()
        await self._set_password(user, new_hash)
        await self._audit.record(IdentityAudited.PASSWORD_RESET, caller, user.id)

    async def send_verification(self, caller: Caller) -> None:
        """Send the caller a mail to verify the address.

        Raises:
            TooManyRequests: too many mails to this address.
        """
        user = await self._users.get(caller.own_id)
        await self.limit_mails(user.email)
        await self.ask_to_verify(user)

    async def ask_to_verify(self, user: User) -> None:
        """Send a user whose address is not verified a mail to verify it."""
        token = self._tokens.issue(
            TokenKind.VERIFY_EMAIL, user.id, VERIFY_LIFETIME, for_=_fingerprint(None, user.email)
        )
        await self._mails.write(user.id, user.email, self._texts.verify_email(token))

    async def notify_of_new_email(self, user: User, before: str) -> None:
        """Notify the previous address of a user, and send a mail to verify the new one."""
        await self._mails.write(user.id, before, self._texts.email_changed())
        await self.ask_to_verify(user)

    async def verify_email(self, token: str, caller: Caller) -> None:
        """Mark the address of a user as verified.

        Raises:
            InvalidToken: the token was not issued by the shop, or the address has changed since.
        """
        claims = self._tokens.read(TokenKind.VERIFY_EMAIL, token)
        user = await self._get(claims.subject)
        if not hmac.compare_digest(claims.more["for_"], _fingerprint(None, user.email)):
            raise InvalidToken("the user has another address now")
        if user.email_verified_at is None:
            now = self._clock.now()
            user.email_verified_at = user.updated_at = now
            user.version += 1
            await self._users.flush()
            await self._audit.record(IdentityAudited.EMAIL_VERIFIED, caller, user.id)

    async def _set_password(self, user: User, new_hash: str) -> None:
        now = self._clock.now()
        user.password_hash = new_hash
        user.updated_at = now
        user.version += 1
        await self._users.flush()
        await self._sessions.end_all(user.id, now)
        await self._mails.write(user.id, user.email, self._texts.password_changed())

    async def limit_network(self, caller: Caller) -> None:
        """Count a password hash or a mail by the network address of the caller, if there is one.

        This is for requests that usually need neither; other routes declare their limit.

        Raises:
            TooManyRequests: too many from this address.
        """
        if caller.network is None:
            return
        status = await self._limits.hit(f"address:{caller.network}", self._network_limit)
        status.require("too many of these requests from this address, try again later")

    async def limit_registrations(self, email: str) -> None:
        """Count a registration, with its hash and its mail, by the address.

        Raises:
            TooManyRequests: too many registrations with this address.
        """
        status = await self._limits.hit(f"registration:{address_key(email)}", self._limit)
        status.require("too many registrations with this address, try again later")

    async def limit_mails(self, email: str) -> None:
        """Count a mail with a token by its recipient.

        Raises:
            TooManyRequests: too many mails to this address.
        """
        status = await self._limits.hit(f"mail:{address_key(email)}", self._limit)
        status.require("too many mails to this address, try again later")

    async def _limit_hashes(self, user_id: UUID) -> None:
        status = await self._limits.hit(f"password:{user_id}", self._limit)
        status.require("too many attempts, try again later")

    async def _get(self, user_id: UUID) -> User:
        try:
            return await self._users.get(user_id, lock=True)
        except UserNotFound as error:
            raise InvalidToken("the user of this token does not exist") from error


def _fingerprint(password_hash: str | None, email: str) -> str:
    """Return a digest of the password and the address to which a mailed token is bound."""
    return digest_of(f"{password_hash or ''}\0{email}").hex()
