"""The gateway hears the firmware itself: a virtual station, flashed and run in MicroPython."""

from dataclasses import replace

from firmware.virtual.host import synthetic_flood
from gateway.journal import Journal
from gateway.status import read_status
from rivergauge.rig import Rig
from tests.fakes.publisher import START_MS

HOUR_MS = 3_600_000


def test_what_a_station_says_of_its_queue_raises_no_false_alarm(tmp_path, basin, part):
    for name in ("micropython", "mosquitto"):
        part(name)
    upper = replace(basin, stations=basin.stations[:1])
    with Rig(tmp_path, upper, {"upper": synthetic_flood(START_MS)}, START_MS) as rig:
        rig.flash()
        rig.run_until(START_MS + HOUR_MS)
        rig.stop_broker()
        rig.run_until(START_MS + 3 * HOUR_MS)
        rig.start_broker()
        (account,) = rig.finish(START_MS + 5 * HOUR_MS)
    assert account.is_exact
    journal = Journal(tmp_path / "journal.sqlite")
    journal.open()
    status = read_status(journal)
    journal.close()
    silent = ("records_lost_after_receipt", "records_overwritten", "queues_reformatted", "records_awaited")
    assert [status[name] for name in silent] == [0, 0, 0, 0]
