"""The systemd unit, judged by systemd itself."""

import configparser
import os
import re
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).resolve().parents[2] / "deploy" / "rivergauge.service"
EXPOSURE_LIMIT = 1.5  # of 10; the units of other gateways score 9.2


@pytest.fixture(scope="module")
def systemd_analyze(part):
    program = part("systemd-analyze")
    # On a machine without systemd its own units lie where the program was unpacked.
    unpacked = Path(program).parents[1] / "systemd"
    units = [str(unpacked / folder / "systemd" / "system") for folder in ("lib", "usr/lib")]
    # The empty entry at the end stands for the machine's own folders.
    environment = {**os.environ, "SYSTEMD_UNIT_PATH": ":".join([*units, ""])}

    def run(*arguments):
        command = [program, *arguments, UNIT]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)

    return run


def test_the_sandbox_leaves_little_exposed(systemd_analyze):
    finished = systemd_analyze("security", "--offline=true", "--no-pager")
    exposure = re.search(r"Overall exposure level for rivergauge.service: ([0-9.]+)", finished.stdout)
    assert exposure, finished.stdout + finished.stderr
    assert float(exposure[1]) <= EXPOSURE_LIMIT


def test_systemd_finds_no_mistake_but_programs_that_are_not_installed_here(systemd_analyze):
    said = systemd_analyze("verify", "--man=no").stderr.splitlines()
    complaints = [line for line in said if "rivergauge.service" in line]
    assert all("is not executable: No such file" in line for line in complaints), complaints


def test_the_watchdog_is_looked_after_and_mistakes_in_a_file_end_the_restarts():
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str
    unit.read(UNIT)
    service = unit["Service"]
    assert service["Type"] == "notify"
    assert int(service["WatchdogSec"]) >= 3 * 5, "rivergauge run looks every 5 s"
    assert service["RestartPreventExitStatus"] == "2"
    assert service["BindReadOnlyPaths"].endswith("/keys")
