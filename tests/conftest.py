"""What every suite shares: real parts or a skip with the reason, shared data, the count of cases per interpreter."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rivergauge import parts
from rivergauge.servers import free_port
from tests.fakes.mail_server import MailServer
from tests.fakes.webhook_receiver import WebhookReceiver

PROJECT = Path(__file__).resolve().parent.parent
SHARED_DATA = PROJECT.parent / "shared" / "data"
REQUIRE_ALL = os.environ.get("RIVERGAUGE_REQUIRE_ALL") == "1"

_cases_ran: Counter[str] = Counter()


@pytest.fixture(scope="session")
def part() -> Callable[[str], str]:
    """Return the path of a real program; without it the test skips, or fails where RIVERGAUGE_REQUIRE_ALL=1."""

    def find(name: str) -> str:
        try:
            return parts.find(name)
        except parts.PartMissing as missing:
            if REQUIRE_ALL:
                pytest.fail(f"RIVERGAUGE_REQUIRE_ALL=1 and {missing}")
            pytest.skip(str(missing))

    return find


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    server = MailServer(free_port())
    server.start()
    yield server
    server.stop()


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    receiver = WebhookReceiver()
    receiver.start()
    yield receiver
    receiver.stop()


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """Return a file of the data beside the checkout; without the folder the test skips, without the file it fails."""

    def locate(relative: str) -> Path:
        if not SHARED_DATA.is_dir():
            pytest.skip(f"no real data beside the checkout ({SHARED_DATA})")
        path = SHARED_DATA / relative
        if not path.exists():
            pytest.fail(f"{SHARED_DATA} is there but {relative} is not")
        return path

    return locate


@pytest.fixture(scope="session")
def count_cases() -> Callable[[str, int], None]:
    """Add `count` cases that ran under another interpreter or build; a count of none fails the test."""

    def add(interpreter: str, count: int) -> None:
        assert count > 0, f"{interpreter}: the suite ran no case"
        _cases_ran[interpreter] += count

    return add


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" and report.passed:
        _cases_ran[_interpreter_of(report.nodeid)] += 1


def _interpreter_of(nodeid: str) -> str:
    """Return the build that a parametrised test of the protocol ran against; everything else is CPython."""
    build = nodeid.rpartition("[")[2].rstrip("]").rpartition("-")[2]
    return f"CPython, {build} protocol" if build in ("pure", "compiled") else "CPython"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.section("cases run, by interpreter")
    for interpreter, count in sorted(_cases_ran.items()):
        terminalreporter.write_line(f"{interpreter}: {count}")
