"""Saying that something is wrong, once and at lengthening intervals."""

import logging

from gateway.complaints import Complaint


def test_it_is_said_at_once_and_then_ever_more_rarely(caplog):
    now_s = 0.0
    complaint = Complaint(logging.getLogger("test"), "broker", lambda: now_s)
    said_at_s = []
    for second in range(6000):
        now_s = float(second)
        complaint.raise_("cannot be reached")
        if len(caplog.records) > len(said_at_s):
            said_at_s.append(second)
    assert said_at_s == [0, 60, 360, 2160, 3960, 5760]


def test_its_end_is_said_once_and_the_next_begins_anew(caplog):
    caplog.set_level(logging.INFO)
    now_s = 0.0
    complaint = Complaint(logging.getLogger("test"), "broker", lambda: now_s)
    complaint.clear()
    complaint.raise_("away")
    now_s = 30.0
    complaint.clear()
    complaint.clear()
    complaint.raise_("away")
    assert [record.message for record in caplog.records] == [
        "broker: away", "broker: well again after 30 s", "broker: away",
    ]  # fmt: skip
