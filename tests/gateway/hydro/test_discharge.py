"""Discharge rated from stage."""

import pytest

from gateway.hydro.discharge import rate
from protocol.quality import FAIL, GOOD, MISSING, SUSPECT
from protocol.rating import RatingTable

TABLE = RatingTable("r", [0.5, 1.5], [10.0, 30.0])


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        ((1.0, GOOD), (20.0, GOOD)),
        ((0.5, GOOD), (10.0, GOOD)),
        ((1.5, SUSPECT), (30.0, SUSPECT)),
        ((1.0, FAIL), (20.0, FAIL)),
        ((1.51, GOOD), (None, MISSING)),
        ((0.49, GOOD), (None, MISSING)),
        ((None, MISSING), (None, MISSING)),
        ((None, FAIL), (None, MISSING)),
    ],
    ids=[
        "inside", "at the lower end", "as good as the stage", "of a failed stage", "above the table", "below the table",
        "no stage", "no stage, failed",
    ],
)  # fmt: skip
def test_a_discharge_is_as_good_as_its_stage_and_missing_outside_the_table(stage, expected):
    assert list(rate([stage], TABLE)) == [expected]
