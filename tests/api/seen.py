"""How often each operation was called, and its answers."""

from collections import Counter
from typing import Any

from schemathesis import Case, Response

from tests.support import figures


class Seen:
    """`answers` are counted by the operation's label and the status, `phases` are schemathesis' own."""

    def __init__(self) -> None:
        self.answers: Counter[tuple[str, int]] = Counter()
        self.phases: Counter[str] = Counter()

    def note(self, case: Case[Any], answer: Response) -> None:
        self.answers[case.operation.label, answer.status_code] += 1
        self.phases[case.meta.phase.name.value if case.meta else "none"] += 1

    def __str__(self) -> str:
        """Return the counts as a table of README.md."""
        rows: list[list[object]] = []
        for asked in dict.fromkeys(label for label, _ in self.answers):
            answers = {status: times for (label, status), times in sorted(self.answers.items()) if label == asked}
            listed = ", ".join(f"{times} {status}" for status, times in answers.items())
            rows.append([asked, sum(answers.values()), listed])
        phases = ", ".join(f"{times} {phase}" for phase, times in self.phases.most_common())
        rows.append(["**all**", self.answers.total(), phases])
        return "\n".join(["", *figures.table(["operation", "cases", "answers"], rows)])
