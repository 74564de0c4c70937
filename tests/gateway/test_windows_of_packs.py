"""Logs of SenML packs are remembered, the newest of them, however many come."""

import pytest

from gateway.journal import Journal
from gateway.windows import Windows

STATION = "lower"
OURS, PACKS = 7, 2**40  # ids of a station's own log, and from which on those of packs begin


def windows_of(count: int) -> Windows:
    windows = Windows()
    windows.admit(STATION, OURS, 0, [500, 1500])
    for number in range(count):
        windows.admit(STATION, PACKS + number, 0, [1000 * (number + 2)])
        windows.keep_newest(STATION, above=2**32, limit=10)
    return windows


def is_known(windows: Windows, number: int) -> bool:
    return windows.admit(STATION, PACKS + number, 0, [1000 * (number + 2)]).duplicates == 1


def test_up_to_the_limit_all_are_remembered():
    assert all(is_known(windows_of(10), number) for number in range(10))


def test_beyond_it_the_older_half_goes_and_the_newer_stays():
    windows = windows_of(11)
    assert [number for number in range(11) if is_known(windows, number)] == list(range(5, 11))


def test_a_station_s_own_log_stays():
    assert windows_of(100).admit(STATION, OURS, 0, [500, 1500]).duplicates == 2


def test_a_dead_record_of_a_log_that_went_can_be_tried_again():
    windows = windows_of(11)
    windows.forget(STATION, PACKS, 0)
    assert windows.admit(STATION, PACKS, 0, [2000]).fresh == (0,)


@pytest.mark.parametrize("is_written_between", [True, False], ids=["written before it goes", "never written"])
def test_what_goes_goes_from_the_journal_too(is_written_between, tmp_path):
    journal = Journal(tmp_path / "journal.sqlite")
    journal.open()
    windows = windows_of(10)
    if is_written_between:
        with journal.transaction() as transaction:
            transaction.save_runs(windows.take_changes())
    windows.admit(STATION, PACKS + 10, 0, [12_000])
    windows.keep_newest(STATION, above=2**32, limit=10)
    with journal.transaction() as transaction:
        transaction.save_runs(windows.take_changes())
    loaded = journal.load_windows()
    journal.close()
    assert [number for number in range(11) if is_known(loaded, number)] == list(range(5, 11))
    assert loaded.admit(STATION, OURS, 0, [500, 1500]).duplicates == 2
