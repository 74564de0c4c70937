"""Read the rating table of a station."""

import itertools

from protocol.rating import LINEAR, LOG, RatingTable

from .table import Table

__all__ = ["read_rating"]

MAX_RATING_POINTS = 200


def read_rating(station: Table) -> tuple[RatingTable | None, str]:
    """Return the rating and its source; no rating where the station has none or it is wrong."""
    if "rating" not in station:
        return None, ""
    table = station.take_table("rating", "a table with id, source, stages_m and discharges_m3_s")
    identifier = table.take_id("id")
    source = table.take_text("source", "who made the rating, and when")
    interpolation = table.take_choice("interpolation", [LINEAR, LOG])
    stages_m = table.take_numbers("stages_m", "a list of stages in m")
    discharges_m3_s = table.take_numbers("discharges_m3_s", "a list of discharges in m3/s")
    if table.is_sound and not 2 <= len(stages_m) <= MAX_RATING_POINTS:
        table.note("stages_m", f"{len(stages_m)} stages", f"2 to {MAX_RATING_POINTS}")
    if table.is_sound and len(stages_m) != len(discharges_m3_s):
        expected = f"{len(stages_m)}, one for each of stages_m"
        table.note("discharges_m3_s", f"{len(discharges_m3_s)} discharges", expected)
    if table.is_sound:
        for before, after in itertools.pairwise(stages_m):
            if after <= before:
                table.note("stages_m", f"{after:g} after {before:g}", "stages that rise from each to the next")
        for before, after in itertools.pairwise(discharges_m3_s):
            if after < before:
                table.note("discharges_m3_s", f"{after:g} after {before:g}", "discharges that never fall")
        if discharges_m3_s[0] < 0:
            table.note("discharges_m3_s", f"{discharges_m3_s[0]:g}", "no discharge below 0 m3/s")
    table.refuse_unknown()
    if not table.is_sound:
        return None, source
    return RatingTable(identifier, stages_m, discharges_m3_s, interpolation), source
