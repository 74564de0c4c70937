# Shared dialect: runs on MicroPython, and on CPython.
"""A configuration on trial: kept after a whole cycle, given up without one, and never lost to a power cut between."""

import os

from firmware.station.trial import (
    CANDIDATE_PATH,
    GOOD_PATH,
    KEPT,
    OUTCOME_PATH,
    REVERTED,
    WAKES_LIMIT,
    WAKES_PATH,
    Trial,
)
from tests.firmware.station.expecting import new_folder, raises

GOOD = b'{"configuration_no": 1}'
NEW = b'{"configuration_no": 2}'


class Unusable(Exception):
    pass


def load(root, path):
    """Return the bytes; what holds "bad" cannot be used."""
    with open(root + path, "rb") as file:
        data = file.read()
    if b"bad" in data:
        raise Unusable("bad")
    return data


def folder(good=GOOD):
    root = new_folder("trial")
    with open(root + GOOD_PATH, "wb") as file:
        file.write(good)
    return root


def offered(data=NEW):
    root = folder()
    Trial(root).offer(data, load)
    return root


def test_without_a_candidate_the_last_good_one_is_used():
    trial = Trial(folder())
    assert trial.configuration(load) == GOOD and not trial.is_on and trial.outcome() is None


def test_a_candidate_is_used_at_the_next_wake_and_kept_when_confirmed():
    root = offered()
    trial = Trial(root)
    assert trial.configuration(load) == NEW and trial.is_on
    trial.confirm()
    assert load(root, GOOD_PATH) == NEW and not trial.has_candidate()
    assert Trial(root).outcome() == (KEPT, "", {"configuration_no": 2})
    Trial(root).forget_outcome()
    assert Trial(root).outcome() is None


def test_a_candidate_that_completes_no_cycle_is_given_up_after_its_wakes():
    root = offered()
    for _ in range(WAKES_LIMIT):
        assert Trial(root).configuration(load) == NEW
    trial = Trial(root)
    assert trial.configuration(load) == GOOD and not trial.is_on
    name, detail, facts = trial.outcome()
    assert (name, facts) == (REVERTED, {"configuration_no": 2}) and "no whole cycle" in detail
    assert Trial(root).configuration(load) == GOOD


def test_a_wake_without_power_for_a_whole_cycle_does_not_count():
    root = offered()
    for _ in range(2 * WAKES_LIMIT):
        trial = Trial(root)
        assert trial.configuration(load) == NEW
        trial.spare_wake()
    spared = Trial(folder())
    spared.configuration(load)
    spared.spare_wake()  # nothing where there is none on trial
    assert not spared.has_candidate()


def test_a_second_candidate_has_all_its_wakes():
    root = offered()
    for _ in range(WAKES_LIMIT + 1):
        Trial(root).configuration(load)
    Trial(root).offer(NEW, load)
    for _ in range(WAKES_LIMIT):
        assert Trial(root).configuration(load) == NEW


def test_what_cannot_be_used_becomes_no_candidate():
    root = folder()
    raises(Unusable, Trial(root).offer, b"bad", load)
    assert not Trial(root).has_candidate() and Trial(root).configuration(load) == GOOD


def test_a_candidate_that_is_damaged_later_is_given_up_at_once():
    root = offered()
    with open(root + CANDIDATE_PATH, "wb") as file:
        file.write(b"bad")
    assert Trial(root).configuration(load) == GOOD
    assert Trial(root).outcome() == (REVERTED, "bad", {"configuration_no": 0})


def test_where_nothing_else_can_be_used_the_candidate_stays():
    root = folder(good=b"bad")
    Trial(root).offer(NEW, load)
    for _ in range(WAKES_LIMIT):
        assert Trial(root).configuration(load) == NEW
    raises(Unusable, Trial(root).configuration, load)
    assert Trial(root).has_candidate()


def test_a_torn_count_of_wakes_or_outcome_is_none():
    root = offered()
    for path in (WAKES_PATH, OUTCOME_PATH):
        with open(root + path, "w") as file:
            file.write("x")
    assert Trial(root).configuration(load) == NEW and Trial(root).outcome() is None


def test_a_power_cut_between_any_two_steps_leaves_one_configuration_that_can_be_used():
    """A step is a change of the file system; littlefs makes each whole or not at all."""
    steps = ("rename", "remove")
    for name in steps:
        for cut_at in range(1, 4):
            for end in ("confirm", "revert"):
                root = offered()
                trial = Trial(root)
                trial.configuration(load)
                _cut(name, cut_at, trial, end)
                found = Trial(root).configuration(load)
                assert found in (GOOD, NEW), (name, cut_at, end)
                assert load(root, GOOD_PATH) in (GOOD, NEW), (name, cut_at, end)


class PowerCut(Exception):
    pass


class _CutOs:
    """The os module, with a power cut instead of the n-th call of a function."""

    def __init__(self, name, cut_at):
        self._name = name
        self._left = cut_at

    def __getattr__(self, name):
        if name == self._name:
            self._left -= 1
            if self._left == 0:
                raise PowerCut
        return getattr(os, name)


def _cut(name, cut_at, trial, end):
    from firmware.station import trial as module

    module.os = _CutOs(name, cut_at)
    try:
        if end == "confirm":
            trial.confirm()
        else:
            trial.revert("x")
    except PowerCut:
        pass  # as meant; a step later than the last is no cut
    finally:
        module.os = os
