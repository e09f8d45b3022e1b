"""A line of the table: what was measured, against what, and whether it reaches its goal."""

from dataclasses import dataclass

from tests.support import figures


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    against: str
    goal: str
    measured: str
    reached: bool

    def cells(self) -> list[str]:
        verdict = "reached" if self.reached else "**missed**"
        return [self.what, self.against, self.goal, self.measured, verdict]

    def __str__(self) -> str:
        return figures.row(self.cells())
