"""From a station's message to a mail in the inbox, through the whole gateway, also where it is killed on the way."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from firmware.virtual.host import synthetic_flood
from gateway.ownership_settings import OwnershipSettings
from gateway.settings import EmbeddedSettings
from gateway.status import read_status
from rivergauge.basin import Alerting, Contact, load_basin
from rivergauge.rig import Rig
from tests.fakes.publisher import stage_batch
from tests.gateway.alerts.killed_alerting import ALERT_STEPS, DUTY, mail_settings, with_duty

PROJECT = Path(__file__).resolve().parents[3]
KILL_LIMIT_S = 60.0
MIDNIGHT_MS = 1_775_001_600_000
HOUR_MS = 3_600_000


def test_a_flood_at_a_station_reaches_people_by_both_ways(bench, until, mail_server, receiver, settings):
    both = replace(DUTY, webhook=f"http://127.0.0.1:{receiver.port}/")
    bench.basin = replace(bench.basin, alerts=Alerting((both,)))
    bench.settings = replace(bench.settings, alerts=settings)
    service = bench.start()
    with bench.station("upper") as upper:
        upper.publish(stage_batch(0, [900, 1200]))
        until(lambda: len(mail_server.mails) == len(receiver.posts) == 1, "both are told that it is raised")
        upper.publish(stage_batch(2, [1500, 700, 700, 700]))
        until(lambda: len(mail_server.mails) == len(receiver.posts) == 2, "both are told that it is cleared")
    until(lambda: service.journal.alerts.waiting() == [], "the answers are kept")
    raised, cleared = (mail.get_content() for mail in mail_server.sent_to(DUTY.email))
    assert "Highest value so far: 1.200 m at 2018-08-30 00:15 UTC; quality: good." in raised
    assert "Flag cleared: 2018-08-30 01:15 UTC." in cleared
    assert "Highest value so far: 1.500 m" in cleared
    assert [post[2]["flag"]["state"] for post in receiver.posts] == ["raised", "cleared"]
    status = read_status(service.journal)
    assert {name: number for name, number in status.items() if name.startswith("alerts_")} == {
        "alerts_pending": 0, "alerts_failed": 0, "alerts_refused": 0, "alerts_proofs_failed": 0,
        "alerts_unacknowledged": 1,
    }  # fmt: skip


def test_a_mail_server_that_hangs_holds_neither_flags_nor_receipts_nor_the_end(bench, until, misbehaving, caplog):
    port = misbehaving(lambda _connection, is_over: is_over.wait(30))
    bench.basin = with_duty(bench.basin)
    bench.settings = replace(bench.settings, alerts=mail_settings(port))
    service = bench.start()
    with bench.station("upper") as upper:
        upper.publish(stage_batch(0, [900, 1200]))
        assert upper.has_receipts(7, 0, 1)
        until(service.is_idle, "the gateway is idle")
    assert read_status(service.journal)["alerts_pending"] == 1
    bench.stop(service)
    assert not any("alerts of duty" in each for each in caplog.messages if "ended without waiting" in each)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", ALERT_STEPS)
def test_a_gateway_killed_while_it_tells_of_a_flag_tells_it_under_one_name(
    bench, until, mail_server, settings, step, moment
):
    bench.basin = with_duty(bench.basin)
    bench.settings = replace(bench.settings, alerts=settings)
    # The broker keeps messages for a session only from its first connection on.
    bench.stop(bench.start())
    arguments = [
        bench.folder,
        PROJECT / "tests/gateway/basin.toml",
        bench.mosquitto.port,
        mail_server.port,
        step,
        moment,
    ]
    killed = subprocess.Popen(
        [sys.executable, "-m", "tests.gateway.alerts.killed_alerting", *map(str, arguments)],
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )
    try:
        with bench.station("upper") as upper:
            upper.publish(stage_batch(0, [900, 1200]))
            assert killed.wait(KILL_LIMIT_S) == -signal.SIGKILL
        service = bench.start()
        until(lambda: mail_server.mails and not service.journal.alerts.waiting(), "the mail is delivered")
    finally:
        killed.kill()
        killed.wait()
    names = [mail["Message-ID"] for mail in mail_server.sent_to(DUTY.email)]
    assert len(set(names)) == 1
    # Twice only where the mail was handed over and the answer not kept.
    assert len(names) == (2 if (step, moment) in {("send", "after"), ("keep", "before")} else 1)


def test_of_two_gateways_one_tells_and_the_other_stands_in_for_it(bench, until, mail_server, settings):
    def start(name, ownership):
        at = bench.folder / name
        bench.settings = replace(
            bench.settings, name=name, journal=at / "journal.sqlite", ownership=ownership, alerts=settings,
            stores=(EmbeddedSettings("embedded", at / "observations.sqlite"),),
        )  # fmt: skip
        return bench.start()

    def states(service):
        return [each.state for each in service.journal.alerts.dispatches()]

    bench.basin = with_duty(bench.basin)
    owner = start("gateway-1", OwnershipSettings(own=None, standby_for=()))
    standby = start("gateway-2", OwnershipSettings(own=(), standby_for=("gateway-1",)))
    with bench.station("upper") as upper:
        upper.publish(stage_batch(0, [900, 1200]))
        until(lambda: (states(owner), states(standby)) == (["delivered"], ["left"]), "one has told it")
        assert len(mail_server.mails) == 1
        mail_server.answers["RCPT"] = "450 later"
        upper.publish(stage_batch(2, [700, 700, 700, 700]))
        until(lambda: (states(owner)[1:], states(standby)) == (["pending"], ["left", "left"]), "one tries")
    bench.stop(owner)
    mail_server.answers.clear()
    bench.now_ms += 60_000  # when the standby looks again
    until(lambda: states(standby) == ["delivered", "delivered"], "the other has told it")
    raised, cleared = (mail["Message-ID"] for mail in mail_server.sent_to(DUTY.email)[1:])
    assert raised == mail_server.sent_to(DUTY.email)[0]["Message-ID"], "twice, under one id"
    assert cleared != raised


def test_a_flood_at_a_virtual_station_ends_as_a_mail(part, tmp_path, mail_server, settings):
    part("mosquitto"), part("micropython")
    basin = load_basin(PROJECT / "deploy" / "basin.toml")
    station = replace(basin.stations[0], upstream=())
    contact = Contact("duty", "ru", "duty@example.com", thresholds=("warning",))
    basin = replace(basin, stations=(station,), alerts=Alerting((contact,)))
    with Rig(tmp_path, basin, {station.id: synthetic_flood(MIDNIGHT_MS)}, MIDNIGHT_MS, alerts=settings) as rig:
        rig.flash()
        (account,) = rig.finish(MIDNIGHT_MS + 3 * HOUR_MS)
        journal = rig.service.journal
        assert account.is_exact
        journal.open()
        sent = [each.state for each in journal.alerts.dispatches()]
        journal.close()
    assert sent == ["delivered"]
    (mail,) = mail_server.sent_to("duty@example.com")
    assert mail["Subject"].startswith("[syr-darya] Достигнут порог «warning», Акджар, Сырдарья, Таджикистан: 1.")
    assert mail["Subject"].endswith(" м")
    assert "уровень воды не ниже 1.500 м" in mail.get_content()


def test_contacts_that_change_while_the_gateway_runs_are_taken_up(bench, until, mail_server, settings):
    bench.settings = replace(bench.settings, alerts=settings)
    service = bench.start()
    service.take_up(with_duty(bench.basin))
    mail_server.answers["RCPT"] = "450 later"
    with bench.station("upper") as upper:
        upper.publish(stage_batch(0, [900, 1200]))
        until(lambda: [each.attempts for each in service.journal.alerts.waiting()] == [1], "an attempt has failed")
    service.take_up(bench.basin)
    until(lambda: service.journal.alerts.waiting() == [], "what nobody is to get any more is given up")
    (dispatch,) = service.journal.alerts.dispatches()
    assert (dispatch.state, dispatch.answer) == ("dropped", "the contact is no longer in the basin file")
