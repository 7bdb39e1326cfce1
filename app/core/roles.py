"""The roles of users."""

from enum import StrEnum


class UserRole(StrEnum):
    """The role of a user; each role includes the rights of the previous one."""

    CUSTOMER = "customer"
    STAFF = "staff"
    ADMIN = "admin"
