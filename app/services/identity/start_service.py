"""The first start of a shop: its signing key and its first administrator."""

import secrets

from app.core.clock import Clock
from app.models import UserRole
from app.repositories.identity.secret_repository import SecretRepository
from app.repositories.identity.session_repository import SessionRepository
from app.repositories.identity.user_repository import UserRepository
from app.schemas.identity.user_schema import UserCreate
from app.security.areas.identity import IdentityAudited
from app.security.passwords import Passwords, require_strong
from app.security.principal import SYSTEM
from app.services.identity.user_service import UserService
from app.services.system.audit_service import AuditService

_SIGNING_KEY = "signing-key"
_KEY_BYTES = 48


class StartService:
    """Creates the signing key and the administrators, once for all processes that start."""

    def __init__(
        self,
        secrets_kept: SecretRepository,
        users: UserRepository,
        sessions: SessionRepository,
        user_service: UserService,
        audit: AuditService,
        passwords: Passwords,
        clock: Clock,
    ) -> None:
        self._secrets = secrets_kept
        self._users = users
        self._sessions = sessions
        self._user_service = user_service
        self._audit = audit
        self._passwords = passwords
        self._clock = clock

    async def signing_key(self) -> bytes:
        """Return the stored signing key, which is used if the settings name none."""
        fresh = secrets.token_bytes(_KEY_BYTES)
        return await self._secrets.get_or_add(_SIGNING_KEY, fresh, self._clock.now())

    async def needs_admin(self) -> bool:
        """Return whether the shop has no administrator."""
        return not await self._users.has_admin()

    async def appoint(self, email: str, password: str) -> None:
        """Make the user of an address an administrator with a new password, or add one.

        Raises:
            InvalidInput: the address or the password does not meet the requirements.
        """
        known = await self._users.credentials_of(email)
        if known is None:
            await self.add_admin(email, password)
            return
        require_strong(password, "password", known.username, known.email)
        user = await self._users.get(known.user_id, lock=True)
        user.password_hash = await self._passwords.hash(password)
        user.role, user.is_active = UserRole.ADMIN, True
        user.updated_at = self._clock.now()
        user.version += 1
        await self._users.flush()
        await self._sessions.end_all(user.id, user.updated_at)
        await self._audit.record(IdentityAudited.ROLE_CHANGED, SYSTEM, user.id, to=UserRole.ADMIN)

    async def add_admin(self, email: str, password: str) -> None:
        """Add an administrator.

        Raises:
            EmailTaken: another user has the address.
            InvalidInput: the address or the password does not meet the requirements.
        """
        registration = UserCreate.parse(
            {
                "email": email,
                "username": f"admin-{secrets.token_hex(3)}",
                "first_name": "Shop",
                "last_name": "Administrator",
                "password": password,
            }
        )
        admin = await self._user_service.add(registration, UserRole.ADMIN)
        admin.email_verified_at = admin.created_at
        await self._users.flush()
        await self._audit.record(IdentityAudited.ROLE_CHANGED, SYSTEM, admin.id, to=UserRole.ADMIN)


def generate_password() -> str:
    """Return a strong random password that is easy to copy from a screen."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(6))
