"""The table of a kill test."""

from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

from benchmarks.chaos.books import Books
from benchmarks.chaos.plan import Plan
from benchmarks.chaos.processes import Herd
from benchmarks.chaos.verdict import Checks, doubled_count, lost_count


@dataclass(slots=True)
class Report:
    """The faults that were caused, the results of the messages, and the failed checks."""

    title: str
    rows: list[tuple[str, str]] = field(default_factory=list)
    checks: Checks = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether all checks have passed."""
        return all(against is None for against in self.checks.values())

    def note_kills(self, herd: Herd, program: str) -> None:
        """Add the processes that were killed, and those that ended by themselves, to the report."""
        self.rows.append((f"{program} SIGKILL", f"{herd.kill_count}"))
        self.rows.append((f"{program} ended at its start", f"{len(herd.ends_at_start)}"))
        self.rows += [("", end) for end in sorted(set(herd.ends_at_start))]

    def note_messages(self, plan: Plan, books: Books) -> None:
        """Add the results of the messages to the report."""
        parked = sum(map(len, books.parked.values()))
        self.rows += [
            ("messages", f"{len(plan.messages)}"),
            ("  of them sent twice", f"{len(plan.sendings) - len(plan.messages)}"),
            ("  of them failing twice", f"{plan.stumbling_count}"),
            ("  of them invalid", f"{len(plan.hopeless)}"),
            ("orders", f"{sum(map(len, books.orders.values()))} of {len(plan.placed)}"),
            ("  doubled", f"{doubled_count(books)}"),
            ("neither placed nor parked", f"{lost_count(plan, books)}"),
            ("parked", f"{parked} of {len(plan.hopeless)}"),
        ]

    def show(self) -> None:
        """Print the report."""
        table = Table(title=self.title, show_header=False)
        for row in self.rows:
            table.add_row(*row)
        table.add_section()
        for name, against in self.checks.items():
            table.add_row(name, "[green]holds" if against is None else f"[red]{against}")
        Console().print(table)
