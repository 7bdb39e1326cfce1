"""The list of all cases, in the order in which they are measured."""

from collections.abc import Iterable, Sequence

from benchmarks.cases import checkouts, embedded, lists, orders, processes, queue, reads
from benchmarks.cases.case import Case

# The memory of the shop is measured first: memory that it shares with other processes counts less.
CASES: tuple[Case, ...] = (
    *embedded.CASES,
    *reads.CASES,
    *lists.CASES,
    *processes.CASES,
    *orders.CASES,
    *checkouts.CASES,
    *queue.CASES,
)


class UnknownCase(Exception):
    """No case has that name; the message lists the names of all cases."""


def chosen(names: Sequence[str], *, is_quick: bool, cases: Iterable[Case] = CASES) -> list[Case]:
    """Return the cases with the given names, or all cases of the run.

    Raises:
        UnknownCase: a name is unknown.
    """
    known = {each.name: each for each in cases}
    if unknown := [name for name in names if name not in known]:
        raise UnknownCase(f"no case is called {', '.join(unknown)}; there are {', '.join(known)}")
    if names:
        return [known[name] for name in names]
    return [each for each in known.values() if each.is_quick or not is_quick]
