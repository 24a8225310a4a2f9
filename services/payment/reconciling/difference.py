"""What reconciliation reports."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """One difference between the records here and at a provider; `is_open`: it could not be put right."""

    text: str
    is_open: bool = False

    def __str__(self) -> str:
        return f"{'LEFT ' if self.is_open else 'fixed'}  {self.text}"
