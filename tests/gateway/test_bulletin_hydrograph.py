"""A hydrograph shows gaps as gaps and quality as quality, on axes with round numbers."""

from itertools import pairwise

import pytest

from gateway.bulletin.axis import HOUR_MS, time_label, time_ticks, value_ticks
from gateway.bulletin.charts import SMALL
from gateway.bulletin.hydrograph import Mark, Span, draw_hydrograph
from gateway.bulletin.model import Point
from gateway.bulletin.words import format_age, format_figure

STEP_MS = 900_000
FROM_MS = 1_535_587_200_000  # 2018-08-30T00:00Z
TO_MS = FROM_MS + 8 * STEP_MS


def draw(values, marks=(), spans=(), qualities=None):
    qualities = qualities or {}
    points = [
        Point(FROM_MS + index * STEP_MS, value, qualities.get(index, 1))
        for index, value in enumerate(values)
        if value != "absent"
    ]
    return draw_hydrograph(points, FROM_MS, TO_MS, STEP_MS, marks, spans, SMALL)


LINES = {
    "joined": ([1.0, 1.1, 1.2], {}, "MLL"),
    "a value missing": ([1.0, None, 1.2, 1.3], {}, "MML"),
    "a record absent": ([1.0, "absent", 1.2, 1.3], {}, "MML"),
    "a value that failed its checks": ([1.0, 9.0, 1.2, 1.3], {1: 4}, "MML"),
    "a suspect value": ([1.0, 1.1, 1.2], {1: 3}, "MLL"),
    "nothing": ([], {}, ""),
}


@pytest.mark.parametrize(("values", "qualities", "shape"), LINES.values(), ids=LINES.keys())
def test_the_line_is_broken_only_where_there_is_no_good_value(values, qualities, shape):
    line = draw(values, qualities=qualities).line
    assert "".join(letter for letter in line if letter in "ML") == shape


def test_each_kind_of_bad_value_has_its_own_sign():
    drawing = draw([1.0, 1.1, 9.0, None], qualities={1: 3, 2: 4, 3: 9})
    assert (len(drawing.suspects), len(drawing.fails), len(drawing.missing)) == (1, 1, 1)


def test_a_failed_value_does_not_stretch_the_axis():
    assert draw([1.0, 1.1, 4999.0], qualities={2: 4}).highest == 1.1


def test_time_runs_from_edge_to_edge():
    drawing = draw([1.0] * 9)
    assert drawing.line.startswith(f"M{drawing.left:.1f} ")
    assert f"L{drawing.right:.1f} " in drawing.line


def test_points_outside_the_period_are_not_drawn():
    points = [Point(FROM_MS + offset * STEP_MS, 1.0, 1) for offset in (-2, -1, 9)]
    assert draw_hydrograph(points, FROM_MS, TO_MS, STEP_MS, [], [], SMALL).line == ""


def test_higher_water_is_drawn_higher():
    low, high = (float(command.split(" ")[1].removesuffix("h0")) for command in draw([1.0, 2.0]).line[1:].split("L"))
    assert high < low


def test_a_mark_near_the_water_is_drawn_and_one_far_beyond_is_named_instead():
    near, far = Mark("watch", 1.5), Mark("dangerous", 90.0)
    drawing = draw([1.0, 1.2], marks=[near, far])
    assert [name for _, name in drawing.marks] == ["watch"]
    assert drawing.marks_left_off == [far]


SIDES = {
    "a flood at the end": ([1.0, 1.0, 1.0, 1.0, 1.0, 1.5, 2.0, 3.0], True),
    "a flood at the beginning": ([3.0, 2.0, 1.5, 1.0, 1.0, 1.0, 1.0, 1.0], False),
    "only the end measured": (["absent"] * 7 + [1.0], True),
    "nothing measured": ([], False),
}


@pytest.mark.parametrize(("values", "is_left"), SIDES.values(), ids=SIDES.keys())
def test_marks_are_named_where_the_water_is_lower(values, is_left):
    assert draw(values, marks=[Mark("watch", 1.5)]).are_marks_named_left is is_left


def test_a_flag_that_is_still_raised_shades_to_the_end():
    drawing = draw([1.0], spans=[Span("watch", FROM_MS + STEP_MS, None)])
    ((from_x, to_x, _),) = drawing.spans
    assert drawing.left < from_x < to_x == drawing.right


def test_a_flag_cleared_before_the_period_is_not_shaded():
    assert draw([1.0], spans=[Span("watch", FROM_MS - 2 * STEP_MS, FROM_MS - STEP_MS)]).spans == []


VALUE_TICKS = {
    "stage": ((0.42, 1.905, 6), [0.0, 0.5, 1.0, 1.5, 2.0]),
    "a narrow range": ((0.31, 0.51, 4), [0.3, 0.4, 0.5, 0.6]),
    "discharge": ((45.0, 1365.0, 6), [0.0, 500.0, 1000.0, 1500.0]),
    "below gauge zero": ((-0.4, 0.3, 6), [-0.4, -0.2, 0.0, 0.2, 0.4]),
}


@pytest.mark.parametrize(("question", "expected"), VALUE_TICKS.values(), ids=VALUE_TICKS.keys())
def test_value_ticks_are_round_and_enclose_the_values(question, expected):
    assert value_ticks(*question) == expected


TIME_TICKS = {
    "two hours": (2 * HOUR_MS, 5, HOUR_MS // 2),
    "a day": (24 * HOUR_MS, 4, 6 * HOUR_MS),
    "a week": (7 * 24 * HOUR_MS, 9, 24 * HOUR_MS),
    "a month": (30 * 24 * HOUR_MS, 9, 5 * 24 * HOUR_MS),
}


@pytest.mark.parametrize(("length_ms", "most", "step_ms"), TIME_TICKS.values(), ids=TIME_TICKS.keys())
def test_time_ticks_are_whole_steps_of_utc(length_ms, most, step_ms):
    ticks = time_ticks(FROM_MS + 1, FROM_MS + 1 + length_ms, most)
    assert {later - earlier for earlier, later in pairwise(ticks)} == {step_ms}
    assert all(tick % step_ms == 0 for tick in ticks)
    assert len(ticks) <= most + 1


def test_midnight_is_labelled_with_its_day():
    assert [time_label(FROM_MS), time_label(FROM_MS + 6 * HOUR_MS)] == ["30 Aug", "06:00"]


FIGURES = {
    "stage to the millimetre": (0.42, "stage_m", "0.420"),
    "a great discharge": (1715.4, "discharge_m3_s", "1715"),
    "a discharge of tens": (92.223, "discharge_m3_s", "92.2"),
    "a small discharge": (3.0689, "discharge_m3_s", "3.07"),
    "a trickle": (0.08712, "discharge_m3_s", "0.087"),
}


@pytest.mark.parametrize(("value", "variable", "text"), FIGURES.values(), ids=FIGURES.keys())
def test_figures_are_written_to_what_can_be_known(value, variable, text):
    assert format_figure(value, variable) == text


AGES = {"now": (0, "0 min"), "early": (-5000, "0 min"), "minutes": (119 * 60_000, "119 min"),
        "hours": (47 * HOUR_MS, "47 h"), "days": (49 * HOUR_MS, "2 days")}  # fmt: skip


@pytest.mark.parametrize(("age_ms", "text"), AGES.values(), ids=AGES.keys())
def test_ages_are_told_in_the_unit_people_use(age_ms, text):
    assert format_age(age_ms) == text
