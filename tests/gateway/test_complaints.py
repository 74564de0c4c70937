"""Saying that something is wrong, once and at lengthening intervals."""

import logging

from gateway.complaints import Complaint


def test_it_is_said_at_once_and_then_ever_more_rarely_with_the_count(caplog):
    now_s = 0.0
    complaint = Complaint(logging.getLogger("test"), "broker", lambda: now_s)
    said_at_s = []
    for second in range(0, 30_000, 10):
        now_s = float(second)
        complaint.raise_("cannot be reached")
        if len(caplog.records) > len(said_at_s):
            said_at_s.append(second)
    assert said_at_s == [0, 60, 660, 4260, 25_860]
    assert caplog.records[2].fields == {"what": "broker", "times": 67, "for_s": 660}


def test_a_fault_of_ten_days_makes_tens_of_lines(caplog):
    now_s = 0.0
    complaint = Complaint(logging.getLogger("test"), "broker", lambda: now_s)
    for minute in range(10 * 1440):
        now_s = 60.0 * minute
        complaint.raise_("cannot be reached")
    assert 10 < len(caplog.records) < 50


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
    assert [(record.message, record.fields["for_s"]) for record in caplog.records] == [
        ("broker: away", 0), ("broker: well again", 30), ("broker: away", 0),
    ]  # fmt: skip
