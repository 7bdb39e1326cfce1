"""What the audit trail tells of."""

from enum import StrEnum


class Audited(StrEnum):
    """What the audit trail tells of."""
