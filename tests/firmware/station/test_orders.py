# Shared dialect: runs on MicroPython, and on CPython.
"""Intervals that were ordered hold until somebody says otherwise, whatever becomes of a configuration on trial."""

from firmware.station.orders import Orders
from tests.firmware.station.expecting import new_folder

OWN_S = (900, 900)
OTHER_S = (600, 1800)
ORDERED_S = (300, 600)
FORCED_S = (60, 60)

# name: (what happens in turn, each wake with the intervals of its configuration; those it then runs with)
COURSES = {
    "nothing ordered": ([("wake", OWN_S)], OWN_S),
    "ordered": ([("wake", OWN_S), ("order", ORDERED_S), ("wake", OWN_S)], ORDERED_S),
    "ordered twice": ([("wake", OWN_S), ("order", ORDERED_S), ("order", FORCED_S), ("wake", OWN_S)], FORCED_S),
    "ordered, another on trial": ([("wake", OWN_S), ("order", ORDERED_S), ("trial", OTHER_S)], OTHER_S),
    "ordered, one alike on trial": ([("wake", OWN_S), ("order", ORDERED_S), ("trial", OWN_S)], ORDERED_S),
    "ordered, another given up": (
        [("wake", OWN_S), ("order", ORDERED_S), ("trial", OTHER_S), ("command", None), ("wake", OWN_S)],
        ORDERED_S,
    ),
    "ordered, another kept": (
        [("wake", OWN_S), ("order", ORDERED_S), ("trial", OTHER_S), ("command", None), ("wake", OTHER_S)],
        OTHER_S,
    ),
    "ordered, one alike kept": (
        [("wake", OWN_S), ("order", ORDERED_S), ("trial", OWN_S), ("command", None), ("wake", OWN_S)],
        ORDERED_S,
    ),
    "ended by another, which a command replaced again": (
        [("wake", OWN_S), ("order", ORDERED_S), ("wake", OTHER_S), ("command", None), ("wake", OWN_S)],
        OWN_S,
    ),
    "ordered again after another was kept": (
        [("wake", OWN_S), ("order", ORDERED_S), ("wake", OTHER_S), ("order", FORCED_S), ("wake", OTHER_S)],
        FORCED_S,
    ),
}


class Intervals:
    """What orders see of a configuration."""

    def __init__(self, own_s):
        self.record_every_ms, self.send_every_ms = (every_s * 1000 for every_s in own_s)

    def in_force_s(self):
        return self.record_every_ms // 1000, self.send_every_ms // 1000


def test_the_last_word_on_the_intervals_holds():
    for name, (course, expected_s) in sorted(COURSES.items()):
        root = new_folder("orders")
        for command_no, (what, intervals_s) in enumerate(course):
            if what in ("wake", "trial"):
                orders = Orders(root)
                intervals = Intervals(intervals_s)
                orders.apply_to(intervals, is_on_trial=what == "trial")
            else:
                assert orders.accept("gateway-1", command_no)
                if what == "order":
                    assert orders.set_intervals(intervals_s[0], intervals_s[1], intervals)
                    assert intervals.in_force_s() == intervals_s, name
        assert intervals.in_force_s() == expected_s, name


def test_a_damaged_file_holds_no_orders():
    root = new_folder("orders")
    with open(root + "/orders.json", "w") as file:
        file.write("torn")
    intervals = Intervals(OWN_S)
    Orders(root).apply_to(intervals, is_on_trial=False)
    assert intervals.in_force_s() == OWN_S
