# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""When the station measures, stores and sends: the members `sampling` and `rating` of its configuration."""

from .members import ConfigurationError, check_members, choice, integer, number, text

DAY_S = 86_400
_INTERVALS = ("record_every_s", "send_every_s")
_TRIGGER = ("sensor_no", "variable", "kind", "raise_value", "clear_value", "clear_after_s")
_ADAPTIVE = _TRIGGER + _INTERVALS + ("pre_trigger_s",)
_LIMIT = 1_000_000  # of a trigger's values: larger than any discharge in m3/s


def read_sampling(configuration, table, rating):
    """Put the members `sampling` and `rating` (None where there is none) into the configuration."""
    check_members(table, _INTERVALS, "sampling", ("sample_every_s", "adaptive"))
    configuration.record_every_ms = 1000 * integer(table, "record_every_s", 1, DAY_S, "sampling.")
    configuration.send_every_ms = 1000 * integer(table, "send_every_s", 1, DAY_S, "sampling.")
    configuration.sample_every_ms = configuration.record_every_ms
    configuration.adaptive = configuration.rating = None
    if configuration.send_every_ms % configuration.record_every_ms:
        raise ConfigurationError("sampling.send_every_s", table["send_every_s"], "a multiple of record_every_s")
    if "adaptive" in table:
        configuration.sample_every_ms = 1000 * integer(table, "sample_every_s", 1, DAY_S, "sampling.")
        configuration.adaptive = _adaptive(table["adaptive"], "sampling.adaptive.")
        configuration.rating = None if rating is None else _rating(rating)


def _adaptive(table, where):
    """Return the table, checked."""
    is_rate = isinstance(table, dict) and table.get("kind") == "rise_rate"
    check_members(table, _ADAPTIVE + (("over_s",) if is_rate else ()), where)
    choice(table, "kind", ("level", "rise_rate"), where)
    text(table, "variable", 32, where)
    integer(table, "sensor_no", 1, 255, where)
    for name in ("raise_value", "clear_value"):
        number(table, name, -_LIMIT, _LIMIT, where)
    if table["clear_value"] >= table["raise_value"]:
        raise ConfigurationError(where + "clear_value", table["clear_value"], "less than raise_value")
    for name in ("clear_after_s", "pre_trigger_s"):
        integer(table, name, 0, 7 * DAY_S, where)
    for name in _INTERVALS + (("over_s",) if is_rate else ()):
        integer(table, name, 1, DAY_S, where)
    return table


def _rating(table):
    """Return the arguments of a RatingTable, which the trigger makes of them when it needs one."""
    from protocol.rating import RatingError, RatingTable

    check_members(table, ("id", "interpolation", "stages_m", "discharges_m3_s"), "rating")
    arguments = (table["id"], table["stages_m"], table["discharges_m3_s"], table["interpolation"])
    try:
        RatingTable(*arguments)
    except (RatingError, TypeError) as error:
        raise ConfigurationError("rating", str(error), "a rating table")
    return arguments
