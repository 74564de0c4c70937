"""What is due is sent until it is delivered, whatever happens to servers, clock and gateway."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import pytest

from gateway.alerts import courier as courier_module
from gateway.alerts.alerts import Alerts
from gateway.alerts.entries import DELIVERED, DROPPED, EMAIL, LEFT, PENDING, REFUSED, WEBHOOK
from gateway.alerts.settings import AlertSettings
from gateway.alerts.standing import alert_numbers
from gateway.journal import Journal
from gateway.series import Seen
from rivergauge.basin import Contact

DUTY = Contact("duty", "en", "duty@example.com")
DAY_S = 86_400


@pytest.fixture
def alerts_of(journal, settings, clock, with_contacts):
    def make(*contacts, in_journal=journal, **more):
        return Alerts(with_contacts(*contacts), "gateway-1", settings, in_journal, clock, **more)

    return make


@pytest.fixture
def tell(journal, flag):
    def tell_of(alerts, what=flag):
        with journal.transaction() as transaction:
            alerts.herald.tell(transaction, what)

    return tell_of


def work(alerts):
    """Have every courier do all that it can do now; return how often they stepped."""
    steps = 0
    for courier in alerts.workers[:-1]:
        while courier.step() == 0:
            steps += 1
            assert steps < 1000, "the couriers never rest"
    return steps


def states(journal):
    return {(each.recipient.contact, each.recipient.channel): each.state for each in journal.alerts.dispatches()}


def test_a_flag_reaches_both_channels_of_a_contact(alerts_of, tell, journal, mail_server, receiver):
    alerts = alerts_of(Contact("duty", "en", "duty@example.com", f"http://127.0.0.1:{receiver.port}/"))
    tell(alerts)
    work(alerts)
    assert states(journal) == {("duty", EMAIL): DELIVERED, ("duty", WEBHOOK): DELIVERED}
    (mail,) = mail_server.sent_to("duty@example.com")
    assert "quality: not known" in mail.get_content()
    assert receiver.posts[0][2]["text"] == mail.get_content().replace("\r\n", "\n")
    assert work(alerts) == 0, "nothing is sent twice"


def test_the_quality_of_the_peak_is_told_while_the_journal_knows_it(alerts_of, tell, journal, flag, mail_server):
    alerts = alerts_of(DUTY)
    with journal.transaction() as transaction:
        transaction.add_seen("upper", "stage_m", 1, [Seen(flag.peak_at_ms, flag.peak, 3)])
    tell(alerts)
    work(alerts)
    assert "quality: suspect" in mail_server.sent_to(DUTY.email)[0].get_content()


def test_a_channel_that_is_down_for_a_day_gets_it_all_when_it_is_back(
    alerts_of, tell, journal, flag, mail_server, clock
):
    alerts = alerts_of(DUTY)
    mail_server.stop()
    tell(alerts)
    begun_ms = clock.now_ms
    while clock.now_ms < begun_ms + DAY_S * 1000:
        work(alerts)
        clock.turn(60)
        if clock.now_ms == begun_ms + 12 * 3_600_000:
            tell(alerts, replace(flag, state="cleared", cleared_at_ms=flag.raised_at_ms, cleared_by="value"))
    raised, cleared = journal.alerts.dispatches()
    assert (raised.state, cleared.state) == (PENDING, PENDING)
    assert 96 <= raised.attempts <= 110, "about every quarter of an hour"
    assert len(journal.alerts.attempts(raised.id)) == raised.attempts
    assert all("refused" in each.answer for each in journal.alerts.attempts(raised.id))
    mail_server.start()
    clock.turn(courier_module.RETRY_LAST_S)
    work(alerts)
    assert [mail["Subject"].split()[1] for mail in mail_server.sent_to(DUTY.email)] == ["Raised:", "Cleared:"]
    assert [each.state for each in journal.alerts.dispatches()] == [DELIVERED, DELIVERED]


def test_what_has_waited_goes_at_once_when_one_got_through(alerts_of, tell, journal, flag, mail_server, clock):
    alerts = alerts_of(DUTY)
    mail_server.stop()
    tell(alerts)
    for _ in range(8):
        work(alerts)
        clock.turn(courier_module.RETRY_LAST_S)
    work(alerts)  # and now the first one waits for long
    mail_server.start()
    tell(alerts, replace(flag, first_detected_at_ms=flag.first_detected_at_ms + 1))
    work(alerts)
    assert len(mail_server.sent_to(DUTY.email)) == 2


def test_one_contact_that_cannot_be_reached_delays_nobody(alerts_of, tell, journal, misbehaving, mail_server, until):
    release = threading.Event()
    port = misbehaving(lambda _connection, _is_over: release.wait(20))
    silent = Contact("silent", "en", None, f"http://127.0.0.1:{port}/")
    alerts = alerts_of(silent, DUTY)
    tell(alerts)
    for worker in alerts.workers:
        worker.start()
    alerts.herald.wake()
    until(lambda: mail_server.sent_to(DUTY.email), "the other contact has its mail")
    assert states(journal)[("silent", WEBHOOK)] == PENDING
    release.set()
    for worker in alerts.workers:
        worker.stop()
    assert all(worker.join(15) for worker in alerts.workers)


def test_a_refused_address_is_kept_and_tried_again_until_somebody_corrects_it(
    alerts_of, tell, journal, mail_server, clock
):
    alerts = alerts_of(DUTY)
    mail_server.answers[DUTY.email] = "550 no such user"
    tell(alerts)
    work(alerts)
    (dispatch,) = journal.alerts.dispatches(only_open=True)
    assert (dispatch.state, dispatch.answer) == (REFUSED, "550 no such user")
    clock.turn(courier_module.REFUSED_AGAIN_S - 1)
    assert work(alerts) == 0
    corrected = alerts_of(Contact("duty", "en", "corrected@example.com"))
    clock.turn(1)
    work(corrected)
    (mail,) = mail_server.sent_to("corrected@example.com")
    assert mail["Message-ID"] == f"<{dispatch.id}@example.org>"
    assert states(journal) == {("duty", EMAIL): DELIVERED}


def test_one_refused_message_does_not_hold_the_next(alerts_of, tell, journal, flag, receiver):
    alerts = alerts_of(Contact("duty", "en", None, f"http://127.0.0.1:{receiver.port}/"))
    receiver.answers.append((400, {}, "I do not understand"))
    tell(alerts)
    tell(alerts, replace(flag, first_detected_at_ms=1))
    work(alerts)
    assert [each.state for each in journal.alerts.dispatches()] == [REFUSED, DELIVERED]


WAITS = {
    "as long as it asks": ("120", 120),
    "no shorter than ever": ("0", courier_module.RETRY_FIRST_S),
    "no longer than the limit": ("99999999", courier_module.WAIT_LIMIT_S),
}


@pytest.mark.parametrize(("retry_after", "waits_s"), WAITS.values(), ids=WAITS)
def test_a_server_that_asks_to_be_left_alone_is_left(alerts_of, tell, receiver, clock, retry_after, waits_s):
    alerts = alerts_of(Contact("duty", "en", None, f"http://127.0.0.1:{receiver.port}/"))
    receiver.answers.append((429, {"Retry-After": retry_after}, ""))
    tell(alerts)
    work(alerts)
    clock.turn(waits_s - 1)
    work(alerts)
    assert receiver.asked == 1
    clock.turn(1)
    work(alerts)
    assert len(receiver.posts) == 1


def test_another_gateway_process_goes_on_where_one_has_ended(alerts_of, tell, journal, mail_server, clock, tmp_path):
    alerts = alerts_of(DUTY)
    mail_server.answers["RCPT"] = "450 later"
    tell(alerts)
    work(alerts)
    mail_server.answers.clear()
    journal.close()
    again = Journal(tmp_path / "journal.sqlite")
    again.open()
    clock.turn(courier_module.RETRY_FIRST_S)
    work(alerts_of(DUTY, in_journal=again))
    (dispatch,) = again.alerts.dispatches()
    assert (dispatch.state, dispatch.attempts) == (DELIVERED, 2)
    assert [each.result for each in again.alerts.attempts(dispatch.id)] == [PENDING, DELIVERED]
    again.close()


def test_a_clock_that_is_stepped_back_holds_nothing_up(alerts_of, tell, journal, mail_server, clock):
    alerts = alerts_of(DUTY)
    mail_server.answers["RCPT"] = "450 later"
    tell(alerts)
    work(alerts)
    mail_server.answers.clear()
    clock.turn(-DAY_S)
    work(alerts)
    assert states(journal) == {("duty", EMAIL): DELIVERED}


def test_what_is_delivered_is_sent_once_though_the_disk_does_not_take_it_for_long(
    alerts_of, tell, journal, mail_server, until, caplog, monkeypatch
):
    monkeypatch.setattr(courier_module, "DISK_RETRY_S", 0.01)
    alerts = alerts_of(DUTY)
    tell(alerts)
    with closing(sqlite3.connect(journal.path)) as other, ThreadPoolExecutor() as threads:
        other.execute("CREATE TRIGGER full BEFORE INSERT ON attempt BEGIN SELECT RAISE(ABORT, 'the disk is full'); END")
        stepping = threads.submit(alerts.workers[0].step)
        until(lambda: stepping.done() or "cannot be written: the disk is full" in caplog.text, "the courier says so")
        other.execute("DROP TRIGGER full")
        assert stepping.result() == 0
    work(alerts)
    assert states(journal) == {("duty", EMAIL): DELIVERED}
    assert len(mail_server.sent_to("duty@example.com")) == 1


def test_the_mail_server_that_is_not_named_is_asked_for(alerts_of, tell, journal, clock, with_contacts):
    alerts = Alerts(with_contacts(DUTY), "gateway-1", AlertSettings(), journal, clock)
    tell(alerts)
    work(alerts)
    (dispatch,) = journal.alerts.dispatches()
    assert dispatch.state == PENDING
    assert "[alerts.smtp]" in dispatch.answer


def test_a_station_of_another_gateway_is_left_to_it_for_as_long_as_it_lives(
    alerts_of, tell, journal, mail_server, clock
):
    alerts = alerts_of(DUTY, answers_for=lambda station: station != "upper")
    tell(alerts)
    work(alerts)
    assert states(journal) == {("duty", EMAIL): LEFT}
    assert set(alert_numbers(journal).values()) == {0}, "it is not for this gateway to worry"
    clock.turn(-DAY_S)
    work(alerts)
    clock.turn(DAY_S)
    clock.turn(courier_module.OWNER_LIMIT_S)
    work(alerts)
    assert states(journal) == {("duty", EMAIL): LEFT}
    clock.turn(courier_module.OWNER_AGAIN_S)
    work(alerts)
    assert states(journal) == {("duty", EMAIL): DROPPED}
    assert mail_server.mails == []


def test_a_gateway_that_stands_in_sends_what_the_other_may_not_have_sent(
    alerts_of, tell, journal, flag, mail_server, clock
):
    gone = set()
    alerts = alerts_of(DUTY, answers_for=gone.__contains__)
    tell(alerts)
    tell(alerts, replace(flag, station="lower"))
    work(alerts)
    gone.add("upper")
    clock.turn(courier_module.OWNER_AGAIN_S)
    work(alerts)
    assert [each.state for each in journal.alerts.dispatches()] == [DELIVERED, LEFT]
    assert len(mail_server.sent_to(DUTY.email)) == 1
