"""What a user may do in the shop."""

from enum import StrEnum


class UserRole(StrEnum):
    """The role of a user; each may do what the one before it may."""

    CUSTOMER = "customer"
    STAFF = "staff"
    ADMIN = "admin"
