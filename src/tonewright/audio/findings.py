"""What a data check says: what was seen, what it means, what to do."""

from collections.abc import Callable
from dataclasses import dataclass

from tonewright.errors import TrainingError

LEVELS = ("error", "warning", "note")


@dataclass(frozen=True)
class Finding:
    """One result of a check.

    Attributes:
        level: "error" (nothing can be learned), "warning" (it will be worse than it need be) or "note".
        seen, means, do: what was measured, what that means for the model, and what to do; `do` may be empty.

    >>> print(Finding("note", "the wet side is 12 samples late", "it is taken out", ""))
    note: the wet side is 12 samples late; it is taken out
    >>> print(Finding("error", "the wet side is silent", "there is nothing to learn", "check the cable"))
    error: the wet side is silent; there is nothing to learn: check the cable
    """

    level: str
    seen: str
    means: str
    do: str = ""

    def __post_init__(self):
        assert self.level in LEVELS, self.level

    def __str__(self) -> str:
        end = f": {self.do}" if self.do else ""
        return f"{self.level}: {self.seen}; {self.means}{end}"


def tell(name: str, there: object, findings: list[Finding], said: Callable[[str], None]) -> None:
    """Say what was heard and what was found, unless nothing can be learned from it.

    Args:
        name: of the recordings.
        there: what they are, in a sentence.
        findings: of the checks.
        said: is told each sentence.

    Raises:
        TrainingError: the errors among the findings, a line each.

    >>> tell("drums", "2:00 of sound", [Finding("note", "it is short", "that works")], print)
    drums: 2:00 of sound
    note: it is short; that works
    """
    errors = [str(finding) for finding in findings if finding.level == "error"]
    if errors:
        raise TrainingError("\n".join(errors))
    said(f"{name}: {there}")
    for finding in findings:
        said(str(finding))
