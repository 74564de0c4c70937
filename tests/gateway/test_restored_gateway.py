"""A gateway lost and restored from a backup while a real station goes on: nothing doubled, every loss counted."""

import shutil
from dataclasses import replace

from firmware.virtual.host import synthetic_flood
from gateway.backup import make_backup, restore_backup
from gateway.status import read_status
from gateway.stores.embedded import EmbeddedStore
from rivergauge.rig import Rig
from tests.fakes.publisher import START_MS

HOUR_MS = 3_600_000
FOREVER_MS = (0, 2**62)


def lose(settings):
    """Have nothing left of what a backup holds."""
    for database in (settings.journal, settings.embedded.path):
        for path in database.parent.glob(f"{database.name}*"):
            path.unlink()
    shutil.rmtree(settings.keys)


def stored(settings):
    """Return the numbers of the records of the station that are stored, in the order of time."""
    rows = EmbeddedStore(settings.embedded.path).read_observations("upper", *FOREVER_MS)
    return [row.record_no for row in rows if row.variable == "stage_m"]


def test_what_was_receipted_after_the_backup_is_counted_and_shown_and_the_rest_goes_on(tmp_path, basin, part, until):
    for name in ("micropython", "mosquitto"):
        part(name)
    upper = replace(basin, stations=basin.stations[:1])
    backup = tmp_path / "backup.tar.gz"
    with Rig(tmp_path / "rig", upper, {"upper": synthetic_flood(START_MS)}, START_MS) as rig:
        rig.flash()
        rig.run_until(START_MS + HOUR_MS)
        make_backup(rig.settings, backup, rig.clock.now_ms())
        in_backup = stored(rig.settings)
        rig.run_until(START_MS + 2 * HOUR_MS)
        rig.service.stop()
        lost = sorted(set(stored(rig.settings)) - set(in_backup))
        lose(rig.settings)
        restore_backup(rig.settings, backup)
        rig.service.start()
        until(lambda: rig.service.is_ready, "the restored gateway has its subscriptions")
        (account,) = rig.finish(START_MS + 3 * HOUR_MS)
        found = stored(rig.settings)
        rig.service.journal.open()
        status = read_status(rig.service.journal)
        rig.service.journal.close()
    assert len(in_backup) >= 4 and len(lost) >= 4, "there was something to keep, and something to lose"
    assert found[: len(in_backup)] == in_backup
    assert not set(found) & set(lost)
    assert found == sorted(set(found)), "nothing is doubled"
    assert found[-1] == account.scheduled + found[0] - 1, "it goes on to the end"
    assert status["records_lost_after_receipt"] == len(lost)
    assert status["records_awaited"] == 0
    assert status["records_received"] == status["records_stored"] + status["records_duplicate"]
