"""The account believes the store and the schedule only, and finds whatever is lost, doubled or unexplained."""

import pytest

from gateway.observations import Gap, Observation
from protocol.quality import GOOD, MISSING, NO_READING
from rivergauge.account import account_for, due_instants_ms

EVERY_MS = 900_000
DUE_MS = due_instants_ms(0, 4 * EVERY_MS, 900)
RIVER_M = 1.5


def observation(at_ms, record_no=None, value=RIVER_M, reason=None, variable="stage_m", sensor=1):
    return Observation(
        basin="syr-darya",
        station="akdzhar",
        sensor=sensor,
        variable=variable,
        observed_at_ms=at_ms,
        value=value,
        quality=MISSING if value is None else GOOD,
        log_id=7,
        record_no=at_ms // EVERY_MS + 1 if record_no is None else record_no,
        configuration_no=1,
        received_at_ms=at_ms + 1000,
        provenance="authenticated",
        null_reason=reason,
    )


def account(observations, gaps=()):
    return account_for("akdzhar", DUE_MS, observations, gaps, lambda at_ms: RIVER_M)


ALL = [observation(at_ms) for at_ms in DUE_MS]


def test_due_instants_are_whole_multiples_and_leave_out_the_end():
    assert list(due_instants_ms(1, 2_700_000, 900)) == [900_000, 1_800_000]


def test_everything_stored_once_is_exact():
    found = account(ALL)
    assert found.is_exact and found.stored == 4 and found.max_abs_error_m == 0


def test_two_sensors_of_stage_are_no_record_stored_twice():
    found = account([*ALL, *(observation(at_ms, sensor=2) for at_ms in DUE_MS)])
    assert found.is_exact and found.stored == 4


@pytest.mark.parametrize(
    ("observations", "attribute", "expected"),
    [
        (ALL[:2] + ALL[3:], "lost_ms", (1_800_000,)),
        ([*ALL, ALL[1]], "stored_twice_ms", (900_000,)),
        ([*ALL, observation(1_000_000, record_no=9)], "unscheduled_ms", (1_000_000,)),
        ([*ALL[:3], observation(DUE_MS[3], value=None)], "lost_ms", (2_700_000,)),
        ([observation(at_ms, variable="battery_v") for at_ms in DUE_MS], "lost_ms", tuple(DUE_MS)),
    ],
    ids=["a record missing", "an instant twice", "an instant not due", "no value and no reason", "no stage at all"],
)
def test_what_is_wrong_is_named_and_makes_the_account_inexact(observations, attribute, expected):
    found = account(observations)
    assert getattr(found, attribute) == expected
    assert not found.is_exact


def test_records_of_a_trigger_may_be_there_at_its_instants_and_at_no_others():
    observations = [*ALL, observation(960_000, record_no=9), observation(1_000_000, record_no=10)]
    found = account_for("akdzhar", DUE_MS, observations, (), lambda at_ms: RIVER_M, faster_every_s=60)
    assert found.unscheduled_ms == (1_000_000,)
    assert found.scheduled == found.stored == 4 and found.by_trigger == 1


def test_a_null_with_its_reason_explains_the_absence_of_a_stage():
    found = account([*ALL[:3], observation(DUE_MS[3], value=None, reason=NO_READING)])
    assert found.is_exact and found.without_stage == 1 and found.reasons == {NO_READING: 1}


@pytest.mark.parametrize(
    ("first", "last", "stored", "overwritten", "lost_ms"),
    [(1, 2, ALL[2:], 2, ()), (2, 2, ALL[2:], 1, (0,)), (1, 2, ALL[:2], 0, (1_800_000, 2_700_000))],
    ids=["all of it", "one of two", "a gap elsewhere"],
)
def test_a_gap_that_was_told_explains_as_many_records_as_it_names_and_no_others(
    first, last, stored, overwritten, lost_ms
):
    found = account(stored, [Gap("syr-darya", "akdzhar", 7, first, last, told_at_ms=0)])
    assert (found.overwritten, found.lost_ms) == (overwritten, lost_ms)


def test_the_error_is_the_largest_against_the_river():
    assert account([*ALL[:3], observation(DUE_MS[3], value=RIVER_M - 0.25)]).max_abs_error_m == 0.25
