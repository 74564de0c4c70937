"""The table of verdicts at the end of a run."""

from collections.abc import Callable

import pytest

from hil_tests.scenario import Verdict
from tests.conftest import part  # noqa: F401

_verdicts: list[tuple[str, Verdict]] = []


@pytest.fixture(scope="session")
def note_verdict() -> Callable[[str, Verdict], None]:
    return lambda name, verdict: _verdicts.append((name, verdict))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not _verdicts:
        return
    terminalreporter.section("hardware in the loop")
    terminalreporter.write_line(f"{'scenario':<46}{'scheduled':>10}{'stored':>8}{'no stage':>10}  verdict")
    for name, verdict in _verdicts:
        account = verdict.account
        said = "pass" if verdict.passed else "FAIL: " + "; ".join(verdict.faults)
        counts = f"{account.scheduled:>10}{account.stored:>8}{account.without_stage:>10}"
        terminalreporter.write_line(f"{name:<46}{counts}  {said}")
