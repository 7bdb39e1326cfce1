"""The advisory locks of the shop: every process uses the same numbers, and nothing else does."""

from enum import IntEnum


class AdvisoryLock(IntEnum):
    """What a lock is for; the numbers are in use while two releases run side by side."""

    MIGRATION = 5_263_829
    RELAY = 5_263_830
    REPORT = 5_263_831
