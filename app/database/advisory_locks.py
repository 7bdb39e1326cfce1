"""The numbers of the PostgreSQL advisory locks, which are the same in every process."""

from enum import IntEnum


class AdvisoryLock(IntEnum):
    """The purposes of the locks; numbers are fixed, because two releases may run side by side."""

    MIGRATION = 5_263_829
    RELAY = 5_263_830
    REPORT = 5_263_831
    CATEGORIES = 5_263_832
