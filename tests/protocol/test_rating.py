"""Rating tables."""

import math

import pytest

from protocol.rating import LINEAR, LOG, RatingError, RatingTable

STAGES_M = [0.5, 1.0, 2.0]
DISCHARGES_M3_S = [0.0, 4.0, 25.0]


@pytest.mark.parametrize("interpolation", [LINEAR, LOG])
def test_a_point_of_the_table_is_its_own_discharge(interpolation):
    table = RatingTable("r1", STAGES_M, DISCHARGES_M3_S, interpolation)
    for stage_m, discharge_m3_s in zip(STAGES_M, DISCHARGES_M3_S, strict=True):
        assert table.discharge_m3_s(stage_m) == pytest.approx(discharge_m3_s, rel=1e-15)


BETWEEN = {
    "linear, low": (LINEAR, 0.75, 2.0),
    "linear, high": (LINEAR, 1.5, 14.5),
    "log, where the lower point has no flow": (LOG, 0.75, 2.0),
    "log, high": (LOG, 1.5, 10.0),  # the geometric mean of 4 and 25
}


@pytest.mark.parametrize(("interpolation", "stage_m", "expected_m3_s"), BETWEEN.values(), ids=BETWEEN)
def test_between_two_points_the_discharge_is_interpolated(interpolation, stage_m, expected_m3_s):
    table = RatingTable("r1", STAGES_M, DISCHARGES_M3_S, interpolation)
    assert table.discharge_m3_s(stage_m) == pytest.approx(expected_m3_s, rel=1e-12)


@pytest.mark.parametrize("stage_m", [0.4999, 2.0001, -1.0, 1e9, math.nan, math.inf, -math.inf])
def test_outside_the_table_there_is_no_discharge(stage_m):
    assert RatingTable("r1", STAGES_M, DISCHARGES_M3_S).discharge_m3_s(stage_m) is None


NOT_RATINGS = {
    "one point": ([1.0], [1.0], LINEAR),
    "more stages than discharges": ([1.0, 2.0], [1.0], LINEAR),
    "stages that stand": ([1.0, 1.0], [1.0, 2.0], LINEAR),
    "stages that fall": ([1.0, 2.0, 1.5], [1.0, 2.0, 3.0], LINEAR),
    "discharges that fall": ([1.0, 2.0], [2.0, 1.0], LINEAR),
    "a negative discharge": ([1.0, 2.0], [-1.0, 1.0], LINEAR),
    "a stage that is no number": ([1.0, math.nan], [1.0, 2.0], LINEAR),
    "a discharge that is no number": ([1.0, 2.0], [math.nan, 2.0], LINEAR),
    "an unknown interpolation": ([1.0, 2.0], [1.0, 2.0], "cubic"),
}


@pytest.mark.parametrize(("stages_m", "discharges_m3_s", "interpolation"), NOT_RATINGS.values(), ids=NOT_RATINGS)
def test_what_is_no_rating_is_refused_by_its_name(stages_m, discharges_m3_s, interpolation):
    with pytest.raises(RatingError, match="rating r1"):
        RatingTable("r1", stages_m, discharges_m3_s, interpolation)
