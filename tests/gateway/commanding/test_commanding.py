"""Commands on their way: from the journal to the station, each once and in order, and back as a reply."""

import pytest

from gateway.commanding.entries import CARRIED_OUT, OVERDUE, RECEIVED, REFUSED, SENT, WAITING, GivenCommand, Told
from gateway.journal import Journal
from protocol import topics
from protocol.commands import DONE, EXPIRED, FAILED, UNKNOWN_COMMAND, Reply
from protocol.cose import open_sealed, seal
from protocol.messages import decode_command, encode_reply
from tests.fakes.publisher import NOW_MS, hmac_sha256, write_key

DAY_MS = 86_400_000
SET_INTERVAL = {"record_every_s": 300, "send_every_s": 900}


def given(name="report-health", arguments=None, station="upper", at_ms=NOW_MS):
    return GivenCommand(station, name, arguments or {}, at_ms, at_ms + DAY_MS)


def give(journal, *commands):
    """Return the numbers that the commands got."""
    with journal.transaction() as transaction:
        return [transaction.commands.give(each) for each in commands]


def give_from_outside(bench, *commands):
    """Give them as the command line does, which is another process."""
    journal = Journal(bench.settings.journal)
    journal.open()
    try:
        return give(journal, *commands)
    finally:
        journal.close()


def test_numbers_rise_with_the_time_and_with_each_other(journal):
    second = NOW_MS // 1000
    assert give(journal, given(), given()) == [second, second + 1]
    assert give(journal, given(at_ms=NOW_MS - DAY_MS)) == [second + 2], "a clock set back"
    assert give(journal, given(at_ms=NOW_MS + DAY_MS)) == [second + 86_400]


def test_numbers_go_on_rising_after_a_journal_was_lost(tmp_path):
    numbers = []
    for name, at_ms in (("lost", NOW_MS), ("new", NOW_MS + 60_000)):
        journal = Journal(tmp_path / name)
        journal.open()
        numbers += give(journal, given(at_ms=at_ms))
        journal.close()
    assert numbers[0] < numbers[1]


def test_only_what_is_not_sent_and_not_expired_is_to_be_sent(journal):
    first, second = give(journal, given("reboot"), given("report-health"))
    assert [each.command_no for each in journal.commands.unsent(NOW_MS)] == [first, second]
    with journal.transaction() as transaction:
        transaction.commands.mark_sent(first, NOW_MS + 1)
    assert [each.name for each in journal.commands.unsent(NOW_MS)] == ["report-health"]
    assert journal.commands.unsent(NOW_MS + DAY_MS) == []


@pytest.mark.parametrize(
    ("sent_at_ms", "reply", "now_ms", "state"),
    [
        (None, None, NOW_MS, WAITING),
        (NOW_MS, None, NOW_MS + 1, SENT),
        (None, None, NOW_MS + DAY_MS, OVERDUE),
        (NOW_MS, None, NOW_MS + DAY_MS, OVERDUE),
        (NOW_MS, (DONE, {"parts_missing": 2}), NOW_MS, RECEIVED),
        (NOW_MS, (DONE, {"parts_missing": 0}), NOW_MS, CARRIED_OUT),
        (NOW_MS, (DONE, {}), NOW_MS + 2 * DAY_MS, CARRIED_OUT),
        (NOW_MS, (FAILED, {}), NOW_MS, REFUSED),
        (NOW_MS, (UNKNOWN_COMMAND, {}), NOW_MS, REFUSED),
        (NOW_MS, (EXPIRED, {}), NOW_MS, OVERDUE),
    ],
    ids=[
        "not sent yet", "sent", "never sent", "never answered", "a part of several", "the last part", "done",
        "failed", "unknown there", "too late there",
    ],
)  # fmt: skip
def test_what_became_of_a_command(sent_at_ms, reply, now_ms, state):
    command = GivenCommand("upper", "reboot", {}, NOW_MS, NOW_MS + DAY_MS, sent_at_ms, 7)
    answered = Reply(1, 1, "gateway-1", 7, reply[0], "", reply[1]) if reply else None
    assert Told(command, answered, None).state(now_ms) == state


def answer(upper, command_no, gateway="gateway-1", message_no=1):
    topic = topics.topic(upper.basin, upper.station, "reply")
    payload = encode_reply(Reply(1, message_no, gateway, command_no, DONE, "", {"free_heap": 100_000}))
    upper.publish_bytes(seal(payload, upper.key, upper.key_id, topic, hmac_sha256), topic)


def test_a_command_reaches_its_station_sealed_and_its_reply_is_matched(bench, listener, until):
    heard = listener(topics.topic("test-basin", "upper", "command"))
    service = bench.start()
    journal = service.journal
    with bench.station("upper") as upper:
        numbers = give_from_outside(bench, given("set-interval", SET_INTERVAL), given())
        commands = []
        for _ in numbers:
            topic, message = heard.get(timeout=20)
            commands.append(decode_command(open_sealed(message, {upper.key_id: upper.key}, topic, hmac_sha256)))
        assert [(each.gateway, each.command_no, each.name, each.arguments) for each in commands] == [
            ("gateway-1", numbers[0], "set-interval", SET_INTERVAL),
            ("gateway-1", numbers[1], "report-health", {}),
        ]
        assert {each.expires_at_ms for each in commands} == {NOW_MS + DAY_MS}
        answer(upper, numbers[1], gateway="gateway-2")
        answer(upper, numbers[0], message_no=2)
        until(lambda: journal.commands.told("gateway-1")[0].reply, "the reply is matched")
        until(service.is_idle, "the gateway is idle")
    first, second = journal.commands.told("gateway-1")
    assert (first.state(NOW_MS), first.reply.facts) == (CARRIED_OUT, {"free_heap": 100_000})
    assert second.state(NOW_MS) == SENT, "the reply to another gateway's command is not ours"
    assert journal.commands.told("gateway-1", "lower") == []


def test_a_command_waits_for_its_station_s_key_and_holds_no_other_up(bench, listener, until, caplog):
    (bench.settings.keys / "test-basin" / "upper.key").unlink()
    heard = listener(topics.topic("test-basin", "lower", "command"))
    service = bench.start()
    give(service.journal, given(station="upper"), given(station="lower"))
    assert heard.get(timeout=20)[0] == topics.topic("test-basin", "lower", "command")
    assert "commands to upper: no key upper-1" in caplog.text
    write_key(bench.settings.keys, "test-basin", "upper", "upper-1", bench.key("upper"))
    until(lambda: not service.journal.commands.unsent(NOW_MS), "the other is sent too")


def test_a_command_given_while_the_gateway_is_away_goes_out_once_when_it_is_back(bench, listener, until):
    heard = listener(topics.topic("test-basin", "upper", "command"))
    service = bench.start()
    bench.stop(service)
    give_from_outside(bench, given("reboot"))
    service = bench.start()
    until(lambda: not service.journal.commands.unsent(NOW_MS) and service.is_idle(), "the gateway is idle")
    bench.stop(service)
    service = bench.start()
    until(service.is_idle, "the gateway is idle again")
    with bench.station("upper") as upper:
        upper.publish_bytes(b"the end", topics.topic("test-basin", "upper", "command"))
    assert heard.get(timeout=20)[1] != b"the end"
    assert heard.get(timeout=20)[1] == b"the end"
