"""The station's uplink against a real Mosquitto, with a gateway that answers as each test wants."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from paho.mqtt import publish

from firmware.station.batches import NEWEST_LIMIT, RUN_LIMIT
from firmware.station.hal import SOFT_RESET, HardwareError
from firmware.station.mqtt import PINGREQ_PACKET
from firmware.station.queue import Queue
from firmware.station.ring import SLOTS_PER_BLOCK
from firmware.station.uplink import WINDOW
from protocol.commands import DONE, EXPIRED, FAILED
from protocol.messages import Command, Receipt, Refused, encode_command, encode_receipt
from tests.fakes.board import PATIENCE_MS, SocketLink
from tests.fakes.gateway import Gateway
from tests.fakes.nor_flash import NorFlash, PowerCut
from tests.firmware.station import test_app as wakes

PROJECT = Path(__file__).resolve().parents[3]
KEY = bytes(32)


def pending_count(board):
    return sum(1 for record in wakes.records(board) if not record.is_receipted)


def measure_offline(board, root, wake_count):
    address, board.address = board.address, None
    wakes.run(board, root, wake_count)
    board.address = address


def run_until_heard(board, gateway, root):
    """Run wakes until a batch came: a station that failed for long tries once an hour."""
    for _ in range(6):
        if gateway.batches:
            return
        wakes.run(board, root)
    assert gateway.batches


def answer(board, gateway, is_answering):
    """Have the gateway give receipts or not; where none will come, little real time is spent waiting for them."""
    gateway.is_answering = is_answering
    board.patience_ms = PATIENCE_MS if is_answering else 1000


def test_every_record_is_sent_once_and_freed_by_its_receipt(board, gateway, root):
    wakes.run(board, root, 9)
    assert gateway.record_nos() == list(range(1, 9))
    assert pending_count(board) == 0
    assert [batch.times_ms[0] for batch in gateway.batches] == [
        wakes.START_MS + index * wakes.QUARTER_MS for index in range(8)
    ]
    values = [[column.mantissas[0] for column in batch.columns] for batch in gateway.batches]
    assert values == [[1234, 3266, 7, 1261]] * 8


def test_the_window_of_the_station_travels_with_each_batch(board, gateway, root):
    wakes.run(board, root, 4)
    assert [(batch.oldest_held, batch.receipted) for batch in gateway.batches] == [(1, 1), (2, 2), (3, 3)]


def test_records_wait_for_the_broker_and_go_in_batches(board, gateway, root):
    measure_offline(board, root, 230)
    run_until_heard(board, gateway, root)
    count = len(wakes.records(board))
    assert sorted(gateway.record_nos()) == list(range(1, count + 1))
    sizes = [len(batch.times_ms) for batch in gateway.batches]
    full, rest = divmod(count - NEWEST_LIMIT, RUN_LIMIT)
    assert sizes == [NEWEST_LIMIT] + full * [RUN_LIMIT] + [rest]
    assert pending_count(board) == 0


def test_records_without_a_receipt_are_kept_and_sent_again_on_the_next_connection(board, gateway, root):
    answer(board, gateway, False)
    wakes.run(board, root, 3)
    assert gateway.record_nos() == [1, 1, 2]
    assert pending_count(board) == 2
    answer(board, gateway, True)
    wakes.run(board, root)
    assert gateway.record_nos()[3:] == [1, 2, 3]
    assert pending_count(board) == 0


def test_a_station_that_sends_hourly_sends_four_quarters_at_once(board, gateway):
    root = wakes.folder(wakes.configuration(sampling={"record_every_s": 900, "send_every_s": 3600}))
    wakes.run(board, root, 10)
    assert [len(batch.times_ms) for batch in gateway.batches] == [1, 4, 4]
    assert [batch.times_ms[-1] % 3_600_000 for batch in gateway.batches] == [0, 0, 0]


def test_what_could_not_be_sent_is_tried_at_the_next_wake(board, gateway):
    root = wakes.folder(wakes.configuration(sampling={"record_every_s": 900, "send_every_s": 3600}))
    wakes.run(board, root, 5)
    measure_offline(board, root, 1)
    wakes.run(board, root, 1)
    assert [len(batch.times_ms) for batch in gateway.batches] == [1, 5]


def test_a_receipt_that_came_during_sleep_saves_sending_again(board, gateway, root):
    answer(board, gateway, False)
    wakes.run(board, root, 2)
    gateway.wait_for("batches", 1)
    gateway.receipt(gateway.batches[0])
    answer(board, gateway, True)
    wakes.run(board, root)
    assert gateway.record_nos() == [1, 2]
    assert pending_count(board) == 0


@pytest.fixture
def pings(monkeypatch):
    """Of each thing written to the broker, whether it was a PINGREQ: the question for what the broker kept."""
    written = []
    write = SocketLink.write

    def watch(self, data, deadline_ms):
        written.append(bytes(data) == PINGREQ_PACKET)
        write(self, data, deadline_ms)

    monkeypatch.setattr(SocketLink, "write", watch)
    return written


def test_the_broker_is_asked_for_what_it_kept_only_while_a_receipt_is_awaited(board, gateway, root, pings):
    wakes.run(board, root, 4)
    assert not any(pings)
    answer(board, gateway, False)
    wakes.run(board, root, 2)
    assert sum(pings) == 1


def cut_power_after_sending(board, gateway, root, monkeypatch):
    """Have a first record sent, and the power fail before its receipt; return when the broker keeps that receipt."""

    def fail_after_sending(self, data, deadline_ms):
        write(self, data, deadline_ms)
        if b"/data" in data:
            gateway.wait_for("batches", 1)
            raise PowerCut

    gateway.is_answering = False
    write = SocketLink.write
    with monkeypatch.context() as patch, pytest.raises(PowerCut):
        patch.setattr(SocketLink, "write", fail_after_sending)
        wakes.run(board, root, 2)
    gateway.receipt(gateway.batches[0])
    gateway.is_answering = True
    board.power_cycle(off_ms=60_000)


def test_a_receipt_that_the_broker_kept_over_a_power_cut_saves_sending_again(board, gateway, root, pings, monkeypatch):
    cut_power_after_sending(board, gateway, root, monkeypatch)
    assert gateway.record_nos() == [1] and pending_count(board) == 1
    read_into = SocketLink.read_into
    # As on a slow link, a receipt does not come in one piece with the broker's welcome.
    monkeypatch.setattr(
        SocketLink, "read_into", lambda self, buffer, deadline_ms: read_into(self, memoryview(buffer)[:4], deadline_ms)
    )
    wakes.run(board, root, 3)
    assert gateway.record_nos() == [1, 2, 3], "nothing is sent again"
    assert pending_count(board) == 0
    assert sum(pings) == 1, "asked once in a boot"


def test_a_broker_that_forgot_the_session_over_a_power_cut_is_not_waited_for(
    board, broker, gateway, root, pings, monkeypatch
):
    cut_power_after_sending(board, gateway, root, monkeypatch)
    # Whoever connects with the station's name and wants no session takes the old one away.
    publish.single("nobody/listens", port=broker.port, client_id="syr-darya.uchkurgan")
    wakes.run(board, root, 3)
    assert gateway.record_nos() == [1, 1, 2, 3], "without its receipt it has to go again"
    assert pending_count(board) == 0
    assert not any(pings)


def test_a_forged_receipt_frees_nothing(board, gateway, root):
    answer(board, gateway, False)
    wakes.run(board, root, 2)
    gateway.receipt(gateway.batches[0], key=b"\x01" * 32)
    wakes.run(board, root)
    assert gateway.record_nos() == [1, 1, 2]
    assert pending_count(board) == 2
    assert "wrong-tag" in wakes.black_box(root)


def test_a_receipt_of_another_log_frees_nothing(board, gateway, root):
    answer(board, gateway, False)
    wakes.run(board, root, 2)
    gateway.batches[0].log_id += 1
    gateway.receipt(gateway.batches[0])
    wakes.run(board, root)
    assert pending_count(board) == 2


def test_a_refused_batch_is_reported_once_and_not_sent_again(board, gateway, root, monkeypatch):
    def refuse(batch):
        gateway._client.publish(topic, seal(encode_receipt(Refused(tags.pop(0), "too-large"))), qos=1)

    from protocol import cose
    from tests.fakes.gateway import hmac_sha256

    topic = "rg/1/syr-darya/uchkurgan/receipt"
    tags = []

    def seal(payload):
        return cose.seal(payload, KEY, b"uchkurgan-1", topic, hmac_sha256)

    on_message = gateway._client.on_message

    def note_tag(client, userdata, message):
        if message.topic.endswith("/data"):
            tags.append(message.payload[-8:])
        on_message(client, userdata, message)

    gateway._client.on_message = note_tag
    monkeypatch.setattr(gateway, "_answer", refuse)
    wakes.run(board, root, 2)
    gateway.wait_for("events", 1)
    (event,) = gateway.events
    assert (event.name, event.detail, event.facts) == ("refused", "too-large", {"first": 1, "last": 1})
    monkeypatch.undo()
    wakes.run(board, root, 2)
    assert gateway.record_nos() == [1, 2, 3]
    assert pending_count(board) == 1, "the refused record is kept"


def test_overwritten_records_are_told_once(board, gateway, root):
    board.flash = NorFlash(block_count=3)
    measure_offline(board, root, 4 * SLOTS_PER_BLOCK + 2)
    wakes.run(board, root, 6)  # an hour: a broker that was long away is tried less often
    kept_from = min(gateway.record_nos())
    gaps = [batch.gaps for batch in gateway.batches]
    assert gaps[0] == [(1, kept_from - 1)]
    assert not any(gaps[1:])
    assert gateway.batches[0].receipted == 1 and gateway.batches[-1].receipted == gateway.batches[-1].first_record_no
    assert gateway.batches[0].oldest_held == kept_from


def test_after_an_outage_the_newest_records_come_first(board, gateway, root):
    measure_offline(board, root, 3 * RUN_LIMIT)
    run_until_heard(board, gateway, root)
    newest_no = len(wakes.records(board))
    assert gateway.record_nos()[:NEWEST_LIMIT] == list(range(newest_no - NEWEST_LIMIT + 1, newest_no + 1))
    assert gateway.record_nos()[NEWEST_LIMIT:] == list(range(1, newest_no - NEWEST_LIMIT + 1))
    assert pending_count(board) == 0


def test_what_a_receipt_leaves_out_is_sent_again_and_nothing_else(board, gateway, root):
    measure_offline(board, root, 20)
    answer(board, gateway, False)
    run_until_heard(board, gateway, root)
    gateway.say("receipt", encode_receipt(Receipt(gateway.batches[0].log_id, [(1, 5), (8, 8), (11, 400)])))
    gateway.batches.clear()
    answer(board, gateway, True)
    run_until_heard(board, gateway, root)
    assert sorted(number for number in gateway.record_nos() if number <= 20) == [6, 7, 9, 10]
    assert pending_count(board) == 0


def test_a_budget_of_bytes_holds_the_backlog_and_never_the_newest(board, gateway):
    root = wakes.folder(wakes.configuration(bytes_per_day=12_000))
    measure_offline(board, root, 30 * RUN_LIMIT)
    run_until_heard(board, gateway, root)
    first_day = len(gateway.record_nos())
    assert NEWEST_LIMIT + RUN_LIMIT <= first_day < 24 * RUN_LIMIT
    newest = gateway.record_nos()[NEWEST_LIMIT - 1]
    wakes.run(board, root, 2)
    assert newest + 2 in gateway.record_nos()[first_day:]
    wakes.run(board, root, 4 * 96)
    assert pending_count(board) == 0


def test_birth_is_sent_at_each_boot_and_for_a_new_configuration(board, gateway, root):
    wakes.run(board, root, 3)
    assert [(birth.boot_no, birth.configuration_no) for birth in gateway.births] == [(1, 1)]
    board.power_cycle(off_ms=300_000)
    wakes.run(board, root, 2)
    wakes.run(board, wakes.folder(wakes.configuration(configuration_no=2)), 2)
    assert [(birth.boot_no, birth.configuration_no) for birth in gateway.births] == [(1, 1), (2, 1), (2, 2)]
    orders = [(birth.boot_no, birth.message_no) for birth in gateway.births]
    assert orders == sorted(set(orders))
    assert gateway.births[0].sensors == [(1, "maxbotix-hrxl")]


def test_a_station_that_falls_silent_is_said_to_be_gone(board, gateway, root, monkeypatch):
    def cut(self, data, deadline_ms):
        if b"/data" in data:
            # The connection breaks as a lost radio does: without DISCONNECT.
            self._socket.shutdown(2)
            raise HardwareError("closed")
        return write(self, data, deadline_ms)

    write = SocketLink.write
    monkeypatch.setattr(SocketLink, "write", cut)
    wakes.run(board, root, 2)
    gateway.wait_for("online", 1)
    assert gateway.online == ["gone"]
    monkeypatch.undo()
    wakes.run(board, root)
    gateway.wait_for("online", 2)
    assert gateway.online == ["gone", "asleep"]
    assert sorted(set(gateway.record_nos())) == [1, 2]


def test_a_record_that_cannot_be_said_on_the_wire_does_not_hold_up_the_others(board, gateway, root):
    measure_offline(board, root, 3)
    queue = Queue(board.flash, 1, [])
    queue.mount(board.random_bytes)
    queue.append(1, 0, (1 << 42) - 1, wakes.GOOD_VALUES, is_test=True)  # a date in the year 2109
    wakes.run(board, root)
    assert gateway.record_nos() == [1, 2]
    assert "records 3 to 3 set aside" in wakes.black_box(root)


def test_birth_is_kept_by_the_broker_for_gateways_that_come_later(board, broker, gateway, root):
    wakes.run(board, root, 2)
    gateway.stop()
    later = Gateway(broker.port, "syr-darya", "uchkurgan", b"uchkurgan-1", KEY)
    later.wait_for("births", 1)
    later.stop()
    assert later.births[0].boot_no == 1


def test_a_station_that_leaves_in_order_is_not_said_to_be_gone(board, gateway, root):
    wakes.run(board, root, 4)
    gateway.wait_for("online", 3)
    assert gateway.online == ["asleep"] * 3


def test_no_more_batches_are_under_way_than_the_window_holds(board, gateway, root):
    measure_offline(board, root, 5 * RUN_LIMIT + 2)
    answer(board, gateway, False)
    run_until_heard(board, gateway, root)
    assert len(gateway.batches) == WINDOW
    answer(board, gateway, True)
    wakes.run(board, root, 6)
    assert pending_count(board) == 0


def test_birth_is_not_repeated_while_only_the_gateway_is_away(board, gateway, root):
    answer(board, gateway, False)
    wakes.run(board, root, 4)
    assert len(gateway.births) == 1


def test_a_command_is_answered_even_when_it_is_unknown(board, gateway, root):
    wakes.run(board, root, 2)
    gateway.say("command", encode_command(Command("gw-1", 7, wakes.START_MS + 10**9, "dance")))
    wakes.run(board, root, 1)
    gateway.wait_for("replies", 1)
    reply = gateway.replies[0]
    assert (reply.gateway, reply.command_no, reply.outcome, reply.detail) == ("gw-1", 7, 2, "dance")


def give(gateway, name, arguments=None, command_no=1, expires_at_ms=wakes.START_MS + 10**9):
    gateway.say("command", encode_command(Command("gw-1", command_no, expires_at_ms, name, arguments)))


def outcome(gateway, count=1):
    gateway.wait_for("replies", count)
    return gateway.replies[-1].outcome


def test_a_command_sets_the_intervals_until_a_configuration_with_others_is_flashed(board, gateway, root):
    def last_step_ms():
        before, last = wakes.records(board)[-2:]
        return last.utc_ms - before.utc_ms

    def flash(configuration):
        with open(root + "/station.json", "w") as file:
            json.dump(configuration, file)

    wakes.run(board, root, 2)
    give(gateway, "set-interval", {"record_every_s": 300, "send_every_s": 600})
    wakes.run(board, root, 7)
    assert outcome(gateway) == DONE
    sent_ms = [batch.times_ms[-1] for batch in gateway.batches]
    assert sent_ms[-1] - sent_ms[-2] == 600_000
    assert last_step_ms() == 300_000
    flash(wakes.configuration(configuration_no=2))
    wakes.run(board, root, 3)
    assert last_step_ms() == 300_000
    flash(wakes.configuration(configuration_no=3, sampling={"record_every_s": 900, "send_every_s": 1800}))
    wakes.run(board, root, 3)
    assert last_step_ms() == 900_000


def test_intervals_ordered_hold_from_the_next_instant_on_and_owe_none_before(board, gateway, root):
    wakes.run(board, root, 2)
    give(gateway, "set-interval", {"record_every_s": 300, "send_every_s": 300})
    wakes.run(board, root, 3)
    give(gateway, "set-interval", {"record_every_s": 1800, "send_every_s": 1800}, command_no=2)
    wakes.run(board, root, 2)
    minutes = [(record.utc_ms - wakes.START_MS) // 60_000 for record in wakes.records(board)]
    assert minutes == [0, 15, 20, 25, 30, 60]
    assert all(record.values == wakes.GOOD_VALUES for record in wakes.records(board)), "no instant was skipped"


def test_intervals_that_do_not_fit_are_refused_with_what_was_expected(board, gateway, root):
    wakes.run(board, root, 2)
    give(gateway, "set-interval", {"record_every_s": 700, "send_every_s": 700})
    give(gateway, "set-interval", {"record_every_s": 900}, command_no=2)
    wakes.run(board, root)
    assert outcome(gateway, 2) == FAILED
    assert ["divide" in reply.detail or "send_every_s" in reply.detail for reply in gateway.replies] == [True, True]


def test_a_command_played_again_is_dropped_even_after_a_power_cut(board, gateway, root):
    wakes.run(board, root, 2)
    give(gateway, "report-health", command_no=7)
    wakes.run(board, root)
    board.power_cycle(off_ms=60_000)
    for command_no in (7, 6):
        give(gateway, "maintenance", {"on": 1}, command_no)
    wakes.run(board, root, 2)
    assert [reply.command_no for reply in gateway.replies] == [7]
    assert not any(record.is_test for record in wakes.records(board))
    assert "already given" in wakes.black_box(root)


def test_a_command_that_has_expired_is_not_carried_out(board, gateway, root):
    wakes.run(board, root, 2)
    give(gateway, "maintenance", {"on": 1}, expires_at_ms=wakes.START_MS)
    wakes.run(board, root, 2)
    assert outcome(gateway) == EXPIRED
    assert not any(record.is_test for record in wakes.records(board))


def test_records_made_in_maintenance_carry_the_test_mark(board, gateway, root):
    wakes.run(board, root, 2)
    give(gateway, "maintenance", {"on": 1}, 1)
    wakes.run(board, root, 2)
    give(gateway, "maintenance", {"on": 0}, 2)
    wakes.run(board, root, 2)
    assert outcome(gateway, 2) == DONE
    assert [batch.test for batch in gateway.batches] == [False, False, True, True, False]


def test_health_is_reported_on_command(board, gateway, root):
    wakes.run(board, root, 2)
    give(gateway, "report-health")
    wakes.run(board, root)
    assert outcome(gateway) == DONE
    facts = gateway.replies[0].facts
    assert (facts["battery_mv"], facts["boot_no"], facts["next_record_no"]) == (12_610, 1, 3)


def test_a_reboot_is_answered_first_and_begins_a_new_boot(board, gateway, root):
    wakes.run(board, root, 2)
    give(gateway, "reboot")
    wakes.run(board, root, 3)
    assert outcome(gateway) == DONE
    assert [birth.boot_no for birth in gateway.births] == [1, 2]
    assert [birth.reset_cause for birth in gateway.births][-1] == SOFT_RESET


def test_records_measured_before_the_clock_was_set_go_once_it_is(board, gateway, root):
    board.utc_offset_ms = None
    wakes.run(board, root, 3)
    assert gateway.record_nos() == []
    board.utc_offset_ms = wakes.START_MS
    wakes.run(board, root)
    assert gateway.record_nos() == [1, 2, 3, 4]
    times_ms = [time_ms for batch in gateway.batches for time_ms in batch.times_ms]
    assert times_ms == [wakes.START_MS + index * wakes.QUARTER_MS for index in range(4)]


def test_a_broker_that_restarts_without_its_memory_loses_nothing(board, broker, gateway, root):
    wakes.run(board, root, 2)
    answer(board, gateway, False)
    wakes.run(board, root)
    gateway.stop()
    broker.kill()
    (broker.folder / "mosquitto.db").unlink(missing_ok=True)
    broker.start()
    again = Gateway(broker.port, "syr-darya", "uchkurgan", b"uchkurgan-1", KEY)
    wakes.run(board, root, 2)
    again.stop()
    assert sorted(set(again.record_nos())) == [2, 3, 4]
    assert pending_count(board) == 0


WAKES_ON_MICROPYTHON = """
import sys
from tests.firmware.station.test_app import folder, records, run, station
board = station()
board.address = ("127.0.0.1", int(sys.argv[1]))
run(board, folder(), 25)
print(sum(1 for record in records(board) if record.is_receipted), "receipted of", len(records(board)))
"""


def test_a_day_quarter_runs_in_the_real_micropython(broker, gateway, part, tmp_path, count_cases):
    done = subprocess.run(
        [part("micropython"), "-c", WAKES_ON_MICROPYTHON, str(broker.port)],
        cwd=PROJECT,
        env={**os.environ, "MICROPYPATH": str(PROJECT), "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.endswith("\n24 receipted of 24\n"), done.stdout + done.stderr
    assert gateway.record_nos() == list(range(1, 25))
    count_cases("MicroPython", 1)
