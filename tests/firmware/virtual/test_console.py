"""The console of a virtual station, used by the real mpremote as that of a board."""

import hashlib
import subprocess
import sys
import time

import pytest

from firmware.virtual.host.station import Activity
from tests.firmware.virtual.small_applications import START_MS, read_notes

IDLE = "def run(board):\n    board.deep_sleep_until(10**12)\n"


@pytest.fixture
def mpremote(bench_of):
    """Return run(*words, expect=0) -> standard output, on a station held in its REPL."""
    made = bench_of(IDLE)
    made.station.hold_in_repl()

    def run(*words, expect=0):
        command = [sys.executable, "-m", "mpremote", "connect", made.station.console_port, *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == expect, done.stdout + done.stderr
        return done.stdout

    return run


def test_code_is_run_and_its_output_and_traceback_come_back(mpremote):
    assert mpremote("exec", "import sys; print(sys.implementation[0], 6 * 7)") == "micropython 42\n"
    assert "ZeroDivisionError" in mpremote("exec", "print(1 // 0)", expect=1)


def test_long_output_and_long_input_arrive_whole(mpremote):
    assert mpremote("exec", "print('x' * 300000)") == "x" * 300_000 + "\n"
    assert mpremote("exec", f"print(len({'y' * 30_000!r}))") == "30000\n"


def test_folders_are_copied_to_the_flash_hashed_and_copied_back(mpremote, tmp_path):
    folder = tmp_path / "notes"
    (folder / "deep").mkdir(parents=True)
    content = bytes(range(256)) * 40
    (folder / "deep" / "bytes.bin").write_bytes(content)
    (folder / "empty.txt").touch()
    mpremote("fs", "cp", "-r", folder, ":")
    assert "bytes.bin" in mpremote("fs", "ls", ":notes/deep")
    assert hashlib.sha256(content).hexdigest() in mpremote("fs", "sha256sum", ":notes/deep/bytes.bin")
    mpremote("fs", "cp", ":notes/deep/bytes.bin", tmp_path / "back.bin")
    assert (tmp_path / "back.bin").read_bytes() == content
    assert "empty.txt" in mpremote("fs", "ls", ":notes")


def test_the_file_system_has_its_512_kib(mpremote):
    assert " 524288 " in mpremote("df")


def test_a_soft_reset_forgets_everything_but_the_flash(mpremote):
    before, after = "a = 1; open('kept', 'w').close()", "import os; print('a' in globals(), 'kept' in os.listdir())"
    said = mpremote("exec", before, "soft-reset", "exec", after)
    assert said.endswith("False True\n")


def test_a_folder_of_the_host_can_be_mounted(mpremote, tmp_path):
    (tmp_path / "tool.py").write_text("print('ran from the host')\n")
    assert "ran from the host" in mpremote("mount", tmp_path, "exec", "import tool")


def test_nothing_of_the_host_is_visible(mpremote):
    assert mpremote("exec", "import os; print(sorted(os.listdir('/')))") == (
        "['board', 'key.bin', 'main.py', 'protocol', 'station', 'station.json']\n"
    )


def test_a_reset_starts_the_application_again(bench_of, in_background):
    made = bench_of(
        """
from station.notebook import note
def run(board):
    note(board, board.reset_cause())
    board.deep_sleep_until(10**12)
""",
        speed=1,
    )
    made.station.hold_in_repl()
    in_background(made.bench, START_MS + 3_600_000)
    command = [sys.executable, "-m", "mpremote", "connect", made.station.console_port, "reset"]
    subprocess.run(command, check=True, timeout=60)
    soft_reset = 4
    assert wait_for(lambda: read_notes(made.station)) == [(soft_reset,)]


def test_ctrl_c_interrupts_an_application_that_waits(bench_of, in_background):
    made = bench_of("def run(board):\n    board.sleep_until(10**9)\n", speed=1)
    in_background(made.bench, START_MS + 3_600_000)
    command = [sys.executable, "-m", "mpremote", "connect", made.station.console_port, "exec", "print('here')"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stdout == "here\n"


def test_an_interrupted_station_stays_in_the_repl_while_time_goes_on(bench_of, in_background):
    made = bench_of("def run(board):\n    board.sleep_until(10**9)\n", speed=1)
    in_background(made.bench, START_MS + 3_600_000)
    command = [sys.executable, "-m", "mpremote", "connect", made.station.console_port, "exec", "--no-follow", "pass"]
    subprocess.run(command, check=True, timeout=60)
    assert wait_for(lambda: made.station.activity is Activity.IN_REPL)
    before_ms = made.bench.clock.now_ms()
    assert wait_for(lambda: made.bench.clock.now_ms() > before_ms)


def test_what_an_application_prints_never_blocks_it(bench_of):
    made = bench_of("""
def run(board):
    for _ in range(2000):
        print("a line that nobody reads, of about a hundred bytes, so that all buffers of the terminal are filled")
    board.deep_sleep_until(10**12)
""")
    made.bench.run_until(START_MS + 1000)
    assert made.station.wakes == 1


def wait_for(found, timeout_s=10):
    end_s = time.monotonic() + timeout_s
    while not (result := found()) and time.monotonic() < end_s:
        time.sleep(0.05)
    return result
