"""What one station measured in a period, from its observations. No I/O, no clock."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from gateway.hydro.discharge import RULE
from gateway.observations import Flag, Observation, Revision
from gateway.plausibility import TIME_RULES
from protocol.quality import FAIL
from rivergauge.basin import Sampling, Station

from .model import Completeness, Figure, FlagReport, Point, Provenance, StationReport

__all__ = ["report_station"]

STAGE = "stage_m"
DISCHARGE = "discharge_m3_s"
# A station is stale when it has missed a sending and two records on top: one late message is no news.
LATE_RECORDS = 2

_Value = TypeVar("_Value", Observation, Revision)


def report_station(
    station: Station,
    observations: Iterable[Observation],
    revisions: Sequence[Revision],
    flags: Sequence[Flag],
    from_ms: int,
    to_ms: int,
) -> StationReport:
    """Report on from_ms <= time < to_ms; `to_ms` is not later than now. Test records are left out.

    Stage is that of the station's first sensor, discharge is the newest revision rated from it.
    """
    sensor_no = station.sensors[0].sensor_no
    doubted = {
        (each.variable, each.observed_at_ms): each.quality
        for each in revisions
        if each.rule in TIME_RULES and each.sensor == sensor_no
    }
    measured = {
        each.observed_at_ms: _doubted(each, doubted)
        for each in observations
        if each.variable == STAGE and each.sensor == sensor_no and not each.test
    }
    rated: dict[int, Revision] = {}
    for each in sorted(revisions, key=lambda revision: revision.revision_no):
        if (
            each.rule == RULE
            and each.variable == DISCHARGE
            and each.sensor == sensor_no
            and each.observed_at_ms in measured
        ):
            rated[each.observed_at_ms] = _doubted(each, doubted)
    stage = _last_stage(measured.values())
    return StationReport(
        station=station.id,
        stage=stage,
        discharge=_last_discharge(rated, measured),
        is_stale=stage is None or to_ms - stage.observed_at_ms > _patience_ms(station.sampling),
        completeness=_completeness(station.sampling, measured, from_ms, to_ms),
        flags=tuple(FlagReport(flag, _peak_provenance(flag, measured)) for flag in flags),
        stages=tuple(Point(at_ms, each.value, each.quality) for at_ms, each in sorted(measured.items())),
        discharges=tuple(Point(at_ms, each.value, each.quality) for at_ms, each in sorted(rated.items())),
    )


def _doubted(each: _Value, doubted: Mapping[tuple[str, int], int]) -> _Value:
    """Return the value with the quality that it has where its time is doubted."""
    quality = doubted.get((each.variable, each.observed_at_ms))
    return each if quality is None else replace(each, quality=quality)


def _is_usable(observation: Observation | Revision) -> bool:
    return observation.value is not None and observation.quality != FAIL


def _last_stage(observations: Iterable[Observation]) -> Figure | None:
    last = max(filter(_is_usable, observations), key=lambda each: each.observed_at_ms, default=None)
    if last is None or last.value is None:
        return None
    return Figure(STAGE, last.value, last.quality, last.observed_at_ms, _provenance(last))


def _last_discharge(rated: dict[int, Revision], measured: dict[int, Observation]) -> Figure | None:
    last = max(filter(_is_usable, rated.values()), key=lambda each: each.observed_at_ms, default=None)
    if last is None or last.value is None:
        return None
    provenance = _provenance(measured[last.observed_at_ms], last)
    return Figure(DISCHARGE, last.value, last.quality, last.observed_at_ms, provenance)


def _provenance(observation: Observation, revision: Revision | None = None) -> Provenance:
    return Provenance(
        station=observation.station,
        sensor=observation.sensor,
        configuration_no=observation.configuration_no,
        log_id=observation.log_id,
        record_no=observation.record_no,
        received_at_ms=observation.received_at_ms,
        authenticity=observation.provenance,
        rating=revision.rating if revision else None,
        rule=revision.rule if revision else None,
        revision_no=revision.revision_no if revision else None,
    )


def _peak_provenance(flag: Flag, measured: dict[int, Observation]) -> Provenance | None:
    observation = measured.get(flag.peak_at_ms)
    return _provenance(observation) if observation else None


def _patience_ms(sampling: Sampling) -> int:
    return (sampling.send_every_s + LATE_RECORDS * sampling.record_every_s) * 1000


def _completeness(sampling: Sampling, measured: dict[int, Observation], from_ms: int, to_ms: int) -> Completeness:
    step_ms = sampling.record_every_s * 1000
    first_due_ms = -(-from_ms // step_ms) * step_ms
    due = range(first_due_ms, to_ms, step_ms)
    stored = [measured[at_ms] for at_ms in due if at_ms in measured]
    return Completeness(due=len(due), stored=len(stored), usable=sum(map(_is_usable, stored)))
