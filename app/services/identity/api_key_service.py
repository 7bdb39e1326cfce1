"""API keys, with which machines authenticate."""

from uuid import UUID

from app.core.clock import Clock
from app.core.ids import new_id
from app.errors import Forbidden
from app.models import ApiKey, User, UserRole
from app.repositories.identity.api_key_repository import ApiKeyRepository
from app.repositories.identity.user_repository import UserRepository
from app.schemas.identity.api_key_schema import (
    ApiKeyCreate,
    ApiKeyCreated,
    ApiKeyPage,
    ApiKeyQuery,
    ApiKeyRead,
)
from app.security.areas.identity import ApiKeyAudited
from app.security.principal import Caller
from app.security.tokens import digest_of, random_secret
from app.services.identity.identity_service import KEY_PREFIX
from app.services.system.audit_service import AuditService


class ApiKeyService:
    """Creates, returns and revokes API keys."""

    def __init__(
        self, keys: ApiKeyRepository, users: UserRepository, audit: AuditService, clock: Clock
    ) -> None:
        self._keys = keys
        self._users = users
        self._audit = audit
        self._clock = clock

    async def issue(self, caller: Caller, data: ApiKeyCreate) -> ApiKeyCreated:
        """Create a key; its secret is returned once and not stored.

        Raises:
            Forbidden: the caller is no longer an active administrator.
        """
        # The lock ensures that a change of the caller's rights comes before or revokes the key.
        maker = await self._users.get(caller.own_id, lock=True)
        if not may_make_keys(maker):
            raise Forbidden("only active administrators may create API keys")
        now = self._clock.now()
        key_id = new_id(now)
        key = f"{KEY_PREFIX}_{key_id.hex}_{random_secret()}"
        row = ApiKey(
            id=key_id,
            name=data.name,
            digest=digest_of(key),
            scopes=sorted(set(data.scopes)),
            created_by=caller.user_id,
            created_at=now,
            expires_at=data.expires_at,
        )
        await self._keys.add(row)
        await self._audit.record(ApiKeyAudited.KEY_CREATED, caller, key_id, scopes=row.scopes)
        shown = ApiKeyRead.model_validate(row)
        return ApiKeyCreated(**shown.model_dump(), key=key)

    async def find(self, query: ApiKeyQuery) -> ApiKeyPage:
        """Return a page of keys."""
        keys, following = await self._keys.find(query)
        return ApiKeyPage(items=[ApiKeyRead.model_validate(key) for key in keys], next=following)

    async def revoke(self, caller: Caller, key_id: UUID) -> None:
        """Revoke a key permanently.

        Raises:
            ApiKeyNotFound: the key does not exist.
        """
        key = await self._keys.get(key_id, lock=True)
        if key.revoked_at is None:
            key.revoked_at = self._clock.now()
            await self._keys.flush()
            await self._audit.record(ApiKeyAudited.KEY_REVOKED, caller, key_id)

    async def revoke_of_maker(self, caller: Caller, user_id: UUID) -> None:
        """Revoke every key that a user has created."""
        for key_id in await self._keys.revoke_of_maker(user_id, self._clock.now()):
            await self._audit.record(ApiKeyAudited.KEY_REVOKED, caller, key_id)


def may_make_keys(user: User) -> bool:
    """Return whether a user may create API keys, which end with this right."""
    return user.is_active and user.role is UserRole.ADMIN
