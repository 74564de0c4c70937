"""What a gateway would need, and what a person should know of it, before it runs."""

from dataclasses import replace

from gateway.checking import check_gateway
from rivergauge.basin import SenmlName


def test_values_that_nothing_authenticates_are_told(bench):
    assert not [each for each in check_gateway(bench.settings, bench.basin) if each.what.startswith("SenML")]
    upper, lower = bench.basin.stations
    lower = replace(lower, senml=(SenmlName("urn:dev:ow:1:level", "stage_m", 9),))
    (told,) = [
        each
        for each in check_gateway(bench.settings, replace(bench.basin, stations=(upper, lower)))
        if each.what.startswith("SenML")
    ]
    assert (told.what, told.is_well) == ("SenML of lower", True)
    assert "nothing proves the sender" in told.detail


def test_a_logger_alone_needs_no_key(bench):
    upper, lower = bench.basin.stations
    (bench.settings.keys / bench.basin.code / "lower.key").unlink()

    def keys_of_lower(station):
        basin = replace(bench.basin, stations=(upper, station))
        return [each.is_well for each in check_gateway(bench.settings, basin) if each.what == "keys of lower"]

    assert keys_of_lower(lower) == [False]
    assert keys_of_lower(replace(lower, sensors=(), senml=(SenmlName("urn:dev:ow:1:level", "stage_m", 9),))) == []
