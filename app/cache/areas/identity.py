"""The cached representations of users."""

from app.cache.kind import Kind, RowTags
from app.errors import UserNotFound
from app.models import User

USERS = Kind("user", 3_600, UserNotFound)

KINDS = (USERS,)


def _of_user(user: User) -> set[str]:
    return {USERS.tag(user.id)}


ROW_TAGS: RowTags = {User: _of_user}
