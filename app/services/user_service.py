"""What users do in the shop."""

from uuid import UUID

from app.clock import Clock
from app.ids import new_id
from app.models import User
from app.repositories.user_repository import UserRepository, comparison_key
from app.schemas.user_schema import UserChange, UserCreate, UserPage, UserQuery, UserRead
from app.services.preconditions import require_match


class UserService:
    """Registers, shows, changes and forgets users."""

    def __init__(self, users: UserRepository, clock: Clock) -> None:
        self._users = users
        self._clock = clock

    async def register(self, registration: UserCreate) -> UserRead:
        """Add a customer.

        Raises:
            EmailTaken, UsernameTaken: another user has it.
        """
        now = self._clock.now()
        user = User(
            id=new_id(now),
            email_key=comparison_key(registration.email),
            username_key=comparison_key(registration.username),
            created_at=now,
            updated_at=now,
            **registration.model_dump(),
        )
        return UserRead.model_validate(await self._users.add(user))

    async def get(self, user_id: UUID) -> UserRead:
        """Show a user.

        Raises:
            UserNotFound: there is none of this id.
        """
        return UserRead.model_validate(await self._users.get(user_id))

    async def find(self, query: UserQuery) -> UserPage:
        """Show a page of users."""
        users, following = await self._users.find(query)
        return UserPage(items=[UserRead.model_validate(user) for user in users], next=following)

    async def change(
        self, user_id: UUID, change: UserChange, if_match: str | None = None
    ) -> UserRead:
        """Change a user.

        Raises:
            UserNotFound, PreconditionFailed, EmailTaken, UsernameTaken: nothing is changed.
        """
        user = await self._users.get(user_id, lock=True)
        require_match(if_match, UserRead.model_validate(user))
        for name, value in change.changes().items():
            setattr(user, name, value)
        user.email_key = comparison_key(user.email)
        user.username_key = comparison_key(user.username)
        user.updated_at = self._clock.now()
        user.version += 1
        await self._users.flush()
        return UserRead.model_validate(user)

    async def delete(self, user_id: UUID) -> None:
        """Delete a user; of one who has ordered the person is forgotten and the orders stay.

        Raises:
            UserNotFound: there is none of this id.
        """
        user = await self._users.get(user_id, lock=True)
        if await self._users.has_orders(user_id):
            await self._users.anonymise(user, self._clock.now())
        else:
            await self._users.delete(user)
