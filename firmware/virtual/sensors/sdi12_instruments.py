"""OTT PLS, VEGAPULS C 21 and Sommer RQ-30 over a river: what their SDI-12 answers hold, and in which form."""

from collections.abc import Callable
from typing import Any

from firmware.virtual.sensors.sdi12_sensor import Sdi12Sensor, ValueDescription

__all__ = ["make_ott_pls", "make_rq30", "make_vegapuls_c21"]

StageAt = Callable[[int], float | None]

WATER_TEMPERATURE_C = 7.25
ELECTRONICS_C = 25.4
RELIABILITY_DB = 34.0
NO_ECHO = 13  # VEGAPULS: error F013, no measured value
CHANNEL_WIDTH_M = 20.0  # RQ-30: a rectangular channel whose water runs the faster the deeper it is
VELOCITY_AT_ZERO_M_S = 0.4
VELOCITY_PER_M_1_S = 0.6


def make_ott_pls(sensor: dict[str, Any], stage_m_at: StageAt) -> Sdi12Sensor:
    def measure(at_ms: int) -> list[str]:
        stage_m = stage_m_at(at_ms)
        level_m = 0.0 if stage_m is None else stage_m - sensor["stage_at_zero_m"]
        return [f"{level_m:+.3f}", f"{WATER_TEMPERATURE_C:+.2f}"]

    described = (ValueDescription("HG", "m"), ValueDescription("TW", "C"))
    return Sdi12Sensor(sensor["sdi12_address"], "14OTT HACHPLS   100", measure, 2, described)


def make_vegapuls_c21(sensor: dict[str, Any], stage_m_at: StageAt) -> Sdi12Sensor:
    def measure(at_ms: int) -> list[str]:
        stage_m = stage_m_at(at_ms)
        distance_m = 0.0 if stage_m is None else sensor["zero_distance_m"] - stage_m
        status = NO_ECHO if stage_m is None else 0
        stage = f"{stage_m or 0.0:+.3f}"
        return [stage, f"{distance_m:+.3f}", f"{ELECTRONICS_C:+.1f}", f"{RELIABILITY_DB:+.1f}", f"+{status}"]

    described = tuple(ValueDescription(code, unit) for code, unit in (("HG", "m"), ("HK", "m"), ("TV", "C")))
    identification = "14VEGA    PSC 2100143210123"
    return Sdi12Sensor(sensor["sdi12_address"], identification, measure, 3, described)


def make_rq30(sensor: dict[str, Any], stage_m_at: StageAt) -> Sdi12Sensor:
    def measure(at_ms: int) -> list[str]:
        level_m = (stage_m_at(at_ms) or 0.0) - sensor["stage_at_zero_m"]
        velocity_m_s = VELOCITY_AT_ZERO_M_S + VELOCITY_PER_M_1_S * level_m
        area_m2 = CHANNEL_WIDTH_M * level_m
        discharge_m3_s = area_m2 * velocity_m_s
        values = [0.0, level_m, velocity_m_s, 42.0, discharge_m3_s, area_m2, velocity_m_s, discharge_m3_s, 0.0]
        return [f"{value:+.3f}" for value in values]

    described = tuple(ValueDescription(code, unit) for code, unit in (("XX", ""), ("HG", "m"), ("WV", "m/s")))
    return Sdi12Sensor(sensor["sdi12_address"], "13SOMMER  RQ-30 180", measure, 15, described)
