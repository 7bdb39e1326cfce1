"""The kinds of event in the audit trail."""

from enum import StrEnum


class Audited(StrEnum):
    """A kind of event in the audit trail."""
