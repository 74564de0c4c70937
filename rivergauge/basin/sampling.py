"""Read when a station measures, stores and sends, and the trigger that makes it do so faster."""

from protocol.rating import RatingTable

from .model import Adaptive, Sampling, Sensor
from .sensors import KINDS, value_count_of
from .table import Table

__all__ = ["DAY_S", "read_sampling", "samples_that_fit"]

DAY_S = 86_400
SHORTEST_S = 60
LONGEST_CLEARING_S = 7 * DAY_S
# What a station keeps through deep sleep of its last samples (firmware/station/recent.py).
SAMPLES_BYTES = 600
SAMPLES_HEAD_BYTES = 1
SAMPLE_HEAD_BYTES = 8
VALUE_BYTES = 4

# (variable, kind): lowest and highest limit that makes sense, and its unit.
TRIGGERS = {
    ("stage_m", "level"): (-50.0, 100.0, "m"),
    ("stage_m", "rise_rate"): (0.0, 100.0, "m/h"),
    ("discharge_m3_s", "level"): (0.0, 300_000.0, "m3/s"),
    ("rain_mm", "rise_rate"): (0.0, 1000.0, "mm/h"),
}


def samples_that_fit(value_count: int) -> int:
    """Return how many samples of so many values a station keeps through deep sleep."""
    return (SAMPLES_BYTES - SAMPLES_HEAD_BYTES) // (SAMPLE_HEAD_BYTES + VALUE_BYTES * value_count)


def read_sampling(station: Table, sensors: tuple[Sensor, ...], rating: RatingTable | None) -> Sampling:
    table = station.take_table("sampling", "a table with record_every_s and send_every_s")
    record_every_s = table.take_integer("record_every_s", SHORTEST_S, DAY_S, "s")
    send_every_s = table.take_integer("send_every_s", SHORTEST_S, DAY_S, "s")
    # Records fall on whole multiples of the interval in UTC, so that every day has the same instants.
    if table.is_sound and DAY_S % record_every_s:
        table.note("record_every_s", str(record_every_s), "a divisor of a day (86400 s), such as 900")
    if table.is_sound and send_every_s % record_every_s:
        table.note("send_every_s", str(send_every_s), f"a multiple of record_every_s ({record_every_s})")
    if "adaptive" not in table and "sample_every_s" not in table:
        table.refuse_unknown()
        return Sampling(record_every_s, send_every_s)
    sample_every_s = table.take_integer("sample_every_s", SHORTEST_S, DAY_S, "s")
    if table.is_sound and record_every_s % sample_every_s:
        table.note("sample_every_s", str(sample_every_s), f"a divisor of record_every_s ({record_every_s})")
    quiet = Sampling(record_every_s, send_every_s, sample_every_s)
    trigger = table.take_table("adaptive", "a table with the trigger and the intervals while it is raised")
    adaptive = _read_adaptive(trigger, quiet, sensors, rating)
    table.refuse_unknown()
    return Sampling(record_every_s, send_every_s, sample_every_s, adaptive)


def _read_adaptive(table: Table, quiet: Sampling, sensors: tuple[Sensor, ...], rating: RatingTable | None) -> Adaptive:
    variable = table.take_choice("variable", list(dict.fromkeys(variable for variable, _ in TRIGGERS)))
    kind = table.take_choice("kind", [kind for name, kind in TRIGGERS if name == variable] or ["level", "rise_rate"])
    lowest, highest, unit = TRIGGERS.get((variable, kind), (-float("inf"), float("inf"), ""))
    adaptive = Adaptive(
        sensor_no=table.take_integer("sensor_no", 1, 255),
        variable=variable,
        kind=kind,
        raise_value=table.take_number("raise_value", lowest, highest, unit),
        clear_value=table.take_number("clear_value", lowest, highest, unit),
        over_s=table.take_integer("over_s", SHORTEST_S, DAY_S, "s")
        if kind == "rise_rate" or "over_s" in table
        else None,
        clear_after_s=table.take_integer("clear_after_s", 0, LONGEST_CLEARING_S, "s"),
        record_every_s=table.take_integer("record_every_s", SHORTEST_S, DAY_S, "s"),
        send_every_s=table.take_integer("send_every_s", SHORTEST_S, DAY_S, "s"),
        pre_trigger_s=table.take_integer("pre_trigger_s", 0, DAY_S, "s"),
    )
    table.refuse_unknown()
    if kind == "level" and adaptive.over_s is not None:
        table.note("over_s", f"{adaptive.over_s}", "no over_s: a level is compared as it is")
    if table.is_sound:
        _check_values(table, adaptive, sensors, rating)
        _check_intervals(table, adaptive, quiet, sum(map(value_count_of, sensors)) + 1)
    return adaptive


def _check_values(table: Table, adaptive: Adaptive, sensors: tuple[Sensor, ...], rating: RatingTable | None) -> None:
    """Refuse a trigger on what no sensor measures, or that could never be told raised from cleared."""
    raise_value, clear_value = adaptive.raise_value, adaptive.clear_value
    if clear_value >= raise_value:
        table.note("clear_value", f"{clear_value:g}", f"less than raise_value ({raise_value:g})")
    sensor = next((sensor for sensor in sensors if sensor.sensor_no == adaptive.sensor_no), None)
    if sensor is None:
        table.note("sensor_no", f"{adaptive.sensor_no}", "the number of one of the station's sensors")
        return
    kind = KINDS[sensor.kind]
    is_rated = adaptive.variable == "discharge_m3_s" and not kind.measures_discharge
    measures = {"stage_m": kind.measures_stage, "rain_mm": not kind.measures_stage}
    if not measures.get(adaptive.variable, kind.measures_stage):
        table.note("sensor_no", f"{adaptive.sensor_no}, a {sensor.kind}", f"a sensor that measures {adaptive.variable}")
    elif is_rated and rating is None:
        table.note("variable", '"discharge_m3_s"', "stage_m, or a [station.rating] to compute discharge with")
    elif is_rated and rating is not None and raise_value > rating.discharges_m3_s[-1]:
        last = rating.discharges_m3_s[-1]
        table.note("raise_value", f"{raise_value:g}", f"at most {last:g} m3/s, the last discharge of the rating")


def _check_intervals(table: Table, adaptive: Adaptive, quiet: Sampling, value_count: int) -> None:
    """Refuse intervals that would leave out an instant of the quiet ones, or samples that would not be kept."""
    sample_every_s = quiet.sample_every_s or quiet.record_every_s
    if quiet.record_every_s % adaptive.record_every_s:
        expected = f"a divisor of sampling.record_every_s ({quiet.record_every_s})"
        table.note("record_every_s", f"{adaptive.record_every_s}", expected)
    if adaptive.send_every_s % adaptive.record_every_s or adaptive.send_every_s > quiet.send_every_s:
        expected = f"a multiple of record_every_s ({adaptive.record_every_s}), at most {quiet.send_every_s} s"
        table.note("send_every_s", f"{adaptive.send_every_s}", expected)
    if adaptive.pre_trigger_s > quiet.record_every_s:
        # Records rise in time, so what lies before the last record cannot become one any more.
        expected = f"at most sampling.record_every_s ({quiet.record_every_s}): older samples have a record after them"
        table.note("pre_trigger_s", f"{adaptive.pre_trigger_s}", expected)
    fits = samples_that_fit(value_count)
    shortest_s = min(sample_every_s, adaptive.record_every_s)
    if adaptive.over_s is not None and adaptive.over_s < sample_every_s:
        table.note("over_s", f"{adaptive.over_s}", f"at least sampling.sample_every_s ({sample_every_s})")
    elif adaptive.over_s is not None and adaptive.over_s // shortest_s >= fits:
        expected = f"at most {(fits - 1) * shortest_s} s: a station keeps {fits} samples of {value_count} values"
        table.note("over_s", f"{adaptive.over_s}", expected)
    if adaptive.pre_trigger_s // sample_every_s >= fits:
        expected = f"at most {(fits - 1) * sample_every_s} s: a station keeps {fits} samples of {value_count} values"
        table.note("pre_trigger_s", f"{adaptive.pre_trigger_s}", expected)
