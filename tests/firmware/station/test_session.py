# Shared dialect: runs on MicroPython, and on CPython.
"""A connection with brokers that answer right, late, wrong, or not at all."""

from firmware.station.hal import HardwareError
from firmware.station.mqtt import DISCONNECT_PACKET, ProtocolError
from firmware.station.session import Session
from tests.fakes.board import FakeBoard
from tests.fakes.link import CLOSED, ScriptedLink
from tests.firmware.station.expecting import raises

NEW = b"\x20\x02\x00\x00"
KEPT = b"\x20\x02\x01\x00"
PONG = b"\xd0\x00"
MESSAGE_5 = b"\x32\x06\x00\x01t\x00\x05x"


def begun(*answers):
    """Return (session, link, messages received) on a board whose time passes in waits only."""
    board = FakeBoard(None)
    link = ScriptedLink(board, answers)
    messages = []
    return Session(board, link, lambda topic, payload: messages.append((topic, payload))), link, messages


def connect(session):
    return session.connect("b.s", "w", b"gone", 1000)


def test_a_kept_session_is_told_from_a_new_one():
    assert connect(begun(NEW)[0]) is False
    assert connect(begun(KEPT)[0]) is True


def test_messages_kept_by_the_broker_come_before_the_pong_and_are_acknowledged():
    session, link, messages = begun(KEPT, MESSAGE_5 + PONG)
    connect(session)
    session.settle(2000)
    session.disconnect(2000)
    assert messages == [("t", b"x")]
    assert link.written.endswith(b"\x40\x02\x00\x05" + DISCONNECT_PACKET)


def test_a_message_is_acknowledged_only_after_it_was_handled():
    board = FakeBoard(None)
    link = ScriptedLink(board, [KEPT, MESSAGE_5])

    def fail(topic, payload):
        raise KeyError(topic)

    session = Session(board, link, fail)
    connect(session)
    raises(KeyError, session.settle, 2000)
    assert b"\x40\x02\x00\x05" not in link.written


def test_small_packets_share_one_write():
    session, link, _ = begun(NEW, b"")
    connect(session)
    start = len(link.written)
    session.publish("t", b"1", 2000)
    session.publish("t", b"2", 2000)
    assert len(link.written) == start
    session.wait(1500)
    assert bytes(link.written[start:]) == b"\x32\x06\x00\x01t\x00\x011" + b"\x32\x06\x00\x01t\x00\x022"


def test_acknowledgements_may_come_in_any_order_and_twice():
    session, _, _ = begun(NEW, b"\x40\x02\x00\x02\x40\x02\x00\x02\x40\x02\x00\x63")
    connect(session)
    session.publish("t", b"1", 2000)
    session.publish("t", b"2", 2000)
    session.wait(2000)
    assert session.unacknowledged == {1}


def test_packet_ids_pass_over_those_still_in_use():
    session, _, _ = begun(NEW)
    connect(session)
    session.publish("t", b"", 2000)
    for _ in range(65_534):
        session.publish("t", b"", 2000)
        session.unacknowledged.discard(session._packet_id)
    session.publish("t", b"", 2000)
    assert session.unacknowledged == {1, 2}


def test_every_failure_of_the_broker_ends_in_time_with_its_reason():
    # name: (answers to CONNECT and the ping, kind of error, reason)
    cases = {
        "silence after CONNECT": ([b""], HardwareError, "timeout"),
        "closed after CONNECT": ([CLOSED], HardwareError, "closed"),
        "refused": ([b"\x20\x02\x00\x02"], ProtocolError, "refused-2"),
        "half a CONNACK": ([b"\x20\x02\x00"], HardwareError, "timeout"),
        "silence after the ping": ([KEPT, b""], HardwareError, "timeout"),
        "closed in the middle of a packet": ([KEPT, b"\x32\x06\x00"], HardwareError, "timeout"),
        "an unasked SUBACK": ([KEPT, b"\x90\x03\x00\x01\x01"], ProtocolError, "unexpected-90"),
        "a packet only clients send": ([KEPT, b"\x82\x05\x00\x01\x00\x00\x00"], ProtocolError, "unexpected-80"),
        "not MQTT": ([b"HTTP/1.1 400 Bad Request\r\n\r\n"], HardwareError, "timeout"),
    }
    for name, (answers, kind, reason) in sorted(cases.items()):
        session, _, _ = begun(*answers)

        def exchange(session=session):
            connect(session)
            session.settle(2000)

        assert raises(kind, exchange).reason == reason, name


def test_a_broker_that_never_stops_talking_does_not_hold_the_station():
    session, _, messages = begun(KEPT + 1000 * MESSAGE_5)
    connect(session)
    session._board.now_ms = 2000
    assert session.wait(2000) is False
    assert len(messages) < 1000


def test_a_message_too_long_is_acknowledged_and_not_handled():
    length = 5000
    oversized = bytes((0x32, length & 0x7F | 0x80, length >> 7)) + b"\x00\x01t\x00\x05" + bytes(length - 5)
    session, link, messages = begun(KEPT, oversized + PONG)
    connect(session)
    session.settle(2000)
    session.disconnect(2000)
    assert messages == []
    assert b"\x40\x02\x00\x05" in link.written
