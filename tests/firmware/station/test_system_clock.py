"""The chip's clock of the microcontroller boards: set to UTC for TLS, while monotonic time goes on below it."""

import calendar
import importlib.util
import sys
import time
from types import ModuleType

import pytest

from tests.conftest import PROJECT

SOURCE = PROJECT / "firmware" / "boards" / "mcu" / "system_clock.py"
EPOCHS = {"counts from 1970": 0, "counts from 2000": 946_684_800}
NOON_MS = 1_775_044_800_123  # 1 April 2026


class Chip:
    """A chip whose clock starts at the epoch with the power; RTC().datetime sets it to whole seconds."""

    def __init__(self, epoch_s):
        self.epoch_s = epoch_s
        self.now_ns = 5_000_000_000

    def modules(self):
        machine, ticking = ModuleType("machine"), ModuleType("time")
        machine.RTC = lambda: self
        ticking.time_ns = lambda: self.now_ns
        ticking.gmtime = lambda seconds: tuple(time.gmtime(seconds + self.epoch_s))[:8]
        return {"machine": machine, "time": ticking}

    def datetime(self, fields):
        year, month, day, weekday, hour, minute, second, _ = fields
        at_s = calendar.timegm((year, month, day, hour, minute, second))
        assert time.gmtime(at_s).tm_wday == weekday
        self.now_ns = (at_s - self.epoch_s) * 1_000_000_000

    def utc_s(self):
        """Return the date by which TLS judges a certificate."""
        return self.now_ns // 1_000_000_000 + self.epoch_s


@pytest.fixture(params=EPOCHS)
def chip(request):
    return Chip(EPOCHS[request.param])


@pytest.fixture
def clocks(chip, monkeypatch):
    """Return the module, loaded on that chip."""
    for name, module in chip.modules().items():
        monkeypatch.setitem(sys.modules, name, module)
    spec = importlib.util.spec_from_file_location("system_clock", SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_before_it_is_set_there_is_no_date(chip, clocks):
    clock = clocks.SystemClock()
    assert clock.utc_ms() is None and clock.monotonic_ms() == 5000


def test_setting_it_gives_tls_the_date_and_moves_no_monotonic_time(chip, clocks):
    clock = clocks.SystemClock()
    clock.set_utc_ms(NOON_MS)
    assert chip.utc_s() == NOON_MS // 1000
    assert clock.monotonic_ms() == 5000 and clock.utc_ms() == NOON_MS
    chip.now_ns += 60_000_000_000
    assert clock.monotonic_ms() == 65_000 and clock.utc_ms() == NOON_MS + 60_000


def test_it_goes_on_after_a_sleep_from_what_was_kept(chip, clocks):
    before = clocks.SystemClock()
    before.set_utc_ms(NOON_MS)
    before.set_utc_ms(NOON_MS + 2000)  # a second answer of a time server
    kept = before.pack() + b"what the application keeps"
    chip.now_ns += 900_000_000_000
    after = clocks.SystemClock(kept)
    assert after.monotonic_ms() == 905_000 and after.utc_ms() == NOON_MS + 2000 + 900_000


def test_after_a_power_cut_the_date_is_gone(chip, clocks):
    clocks.SystemClock().set_utc_ms(NOON_MS)
    chip.now_ns = 0
    assert clocks.SystemClock(b"").utc_ms() is None
