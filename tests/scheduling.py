"""Who runs which test, where they run side by side."""

import re
from collections.abc import Sequence
from typing import Any

from xdist.scheduler import LoadScopeScheduling


# pylint: disable-next=abstract-method  # those of the base are, and nobody calls them
class ShopScheduling(LoadScopeScheduling):  # type: ignore[misc]  # without types
    """Keeps together the tests of the shop on a database, and else those of a file.

    With pytest 9.2 `--dist loadgroup` groups nothing: pytest-dev/pytest-xdist#1386.
    """

    def __init__(self, databases: Sequence[str], *arguments: Any) -> None:
        super().__init__(*arguments)
        self._database = re.compile(rf"\[(?:.*-)?({'|'.join(databases)})(?:-.*)?\]$")

    def _split_scope(self, nodeid: str) -> str:
        if database := self._database.search(nodeid):
            return database[1]
        return nodeid.partition("::")[0]
