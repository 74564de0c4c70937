"""The gateway's log: a line for each event, and a count in place of a flood."""

import json
import logging
import shlex

import pytest

from gateway import log_lines
from gateway.log_lines import LINES_LIMIT, PERIOD_S, JsonLines, KeyValueLines, Repetitions, fields


class Lines(logging.Handler):
    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(self.format(record))


@pytest.fixture
def written():
    handler = Lines()
    handler.setFormatter(KeyValueLines())
    log = logging.getLogger("test.log_lines")
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
    yield log, handler
    log.removeHandler(handler)


def test_an_event_is_a_line_of_keys_and_values(written):
    log, handler = written
    log.warning('it says "no": %s', "a\nb", extra=fields(station="upper", for_s=1.5, topic="rg/1/b/s/data"))
    (line,) = handler.lines
    assert line.startswith("time=20")
    values = dict(word.split("=", 1) for word in shlex.split(line))
    assert values.pop("time").endswith("Z")
    assert values == {
        "level": "warning", "part": "test.log_lines", "event": 'it says "no": a\\nb', "station": "upper",
        "for_s": "1.5", "topic": "rg/1/b/s/data",
    }  # fmt: skip


HIDDEN = {
    "an escape": "\x1b[2J",
    "a control sequence of one letter": "\x9b2J",
    "a mark that turns text around": "\u202e",
    "a line separator": "\u2028",
    "a delete": "\x7f",
    "half a letter": "\udc80",
}


@pytest.mark.parametrize("form", [KeyValueLines, JsonLines])
@pytest.mark.parametrize("text", HIDDEN.values(), ids=HIDDEN.keys())
def test_what_a_stranger_has_written_cannot_hide_or_reach_a_terminal(written, form, text):
    log, handler = written
    handler.setFormatter(form())
    log.warning("a message on %s", f"жайык{text}")
    (line,) = handler.lines
    assert line.isprintable() and "жайык" in line
    event = json.loads(line)["event"] if form is JsonLines else json.loads(line[line.index("event=") + 6 :])
    assert event == f"a message on жайык{text}"


def test_a_fault_of_ours_is_one_line_with_where_it_happened(written):
    log, handler = written
    try:
        raise KeyError("gone")
    except KeyError:
        log.exception("a stage failed")
    (line,) = handler.lines
    assert "\n" not in line
    assert "KeyError: 'gone'" in line and "test_log_lines.py" in line


@pytest.mark.parametrize(("level", "head"), [(logging.ERROR, "<3>level="), (logging.INFO, "<6>level=")])
def test_systemd_is_told_the_priority_and_has_a_time_of_its_own(written, level, head):
    log, handler = written
    handler.setFormatter(KeyValueLines(is_under_systemd=True))
    log.log(level, "x")
    assert handler.lines[0].startswith(head)


def test_the_same_as_json(written):
    log, handler = written
    handler.setFormatter(JsonLines())
    log.info("Kök-Bulak: %d", 3, extra=fields(times=3))
    found = json.loads(handler.lines[0])
    assert (found["event"], found["times"], found["level"]) == ("Kök-Bulak: 3", 3, "info")


@pytest.fixture
def limited(written):
    log, handler = written
    now_s = [0.0]
    repetitions = Repetitions(lambda: now_s[0])
    handler.addFilter(repetitions)

    def pass_to(second):
        now_s[0] = float(second)
        repetitions.tell()

    return log, handler, pass_to


def test_a_flood_of_one_kind_is_a_few_lines_and_a_count(limited):
    log, handler, pass_to = limited
    for number in range(1000):
        log.error("the broker refuses message %d", number)
        pass_to(number)
    assert len(handler.lines) == LINES_LIMIT
    pass_to(PERIOD_S)
    assert len(handler.lines) == LINES_LIMIT + 1
    assert "990 more of this kind in the last 6 h, the last: the broker refuses message 999" in handler.lines[-1]
    assert handler.lines[-1].endswith("more=990")
    log.error("the broker refuses message %d", 1000)
    assert len(handler.lines) == LINES_LIMIT + 2, "a new period begins anew"


def test_ten_days_of_a_fault_that_comes_and_goes_make_some_hundred_lines(limited):
    log, handler, pass_to = limited
    for second in range(0, 10 * 86_400, 60):
        log.warning("the broker went away and came back")
        pass_to(second)
    assert len(handler.lines) <= 10 * 4 * (LINES_LIMIT + 1)


def test_a_flood_hides_no_other_kind(limited):
    log, handler, _ = limited
    for _ in range(100):
        log.warning("records lost of %s", "upper", extra=fields(station="upper"))
    log.warning("records lost of %s", "lower", extra=fields(station="lower"))
    log.warning("something else")
    assert len(handler.lines) == LINES_LIMIT + 2


def test_a_period_without_a_flood_tells_nothing(limited):
    log, handler, pass_to = limited
    log.warning("once")
    pass_to(PERIOD_S + 1)
    pass_to(2 * PERIOD_S + 2)
    assert len(handler.lines) == 1


def test_every_level_of_logging_has_a_priority():
    assert set(log_lines.PRIORITIES) == {"CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG"}
