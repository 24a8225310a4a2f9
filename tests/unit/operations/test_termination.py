"""A command that is asked to end cleans up first."""

import os
import signal
from pathlib import Path

import pytest

from operations.maintenance.backup import draft_of
from operations.termination import TERMINATION_SIGNALS, exit_on_signals


@pytest.mark.parametrize("number", TERMINATION_SIGNALS)
def test_a_backup_that_is_asked_to_end_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    def ended() -> None:
        with exit_on_signals(), draft_of(tmp_path / "monday") as draft:
            (draft / "ticket.key").write_text("a key")
            os.kill(os.getpid(), number)

    before = signal.getsignal(number)
    with pytest.raises(SystemExit, match=str(128 + number)):
        ended()
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(number) is before
