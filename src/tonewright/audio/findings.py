"""What a data check says: what was seen, what it means, what to do."""

from dataclasses import dataclass

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
