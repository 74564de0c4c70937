"""The bench clock."""

import time

import pytest

from firmware.virtual.host.clock import Clock


def test_it_never_goes_back():
    clock = Clock(1000)
    clock.advance_to(2000)
    with pytest.raises(ValueError, match="cannot go back from 2000 to 1999"):
        clock.advance_to(1999)
    assert clock.now_ms() == 2000


def test_as_fast_as_possible_nothing_has_to_be_waited_for():
    clock = Clock(0)
    assert clock.real_seconds_until(10**12) == 0.0
    clock.drift_towards(10**12)
    assert clock.now_ms() == 0


def test_a_paced_clock_flows_towards_the_next_event_but_never_reaches_it_by_itself():
    clock = Clock(0, speed=2)
    assert clock.real_seconds_until(2000) == pytest.approx(1.0, abs=0.2)
    time.sleep(0.05)
    clock.drift_towards(2000)
    assert 100 <= clock.now_ms() < 1000
    clock = Clock(0, speed=2)
    time.sleep(0.05)
    clock.drift_towards(50)
    assert clock.now_ms() == 49
    assert clock.real_seconds_until(50) == 0.0


@pytest.mark.parametrize("speed", [0, -1])
def test_a_speed_that_is_none_is_refused(speed):
    with pytest.raises(ValueError, match="expected a number above 0"):
        Clock(0, speed)
