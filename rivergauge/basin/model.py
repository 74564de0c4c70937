"""What the basin file says, as plain frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from protocol.rating import RatingTable

from .alerting import NOBODY, Alerting

__all__ = [
    "Adaptive",
    "Basin",
    "GaugeDatum",
    "Neighbour",
    "Power",
    "Sampling",
    "SenmlName",
    "Sensor",
    "Station",
    "Threshold",
]


@dataclass(frozen=True)
class GaugeDatum:
    """The height of gauge zero: stage 0 m is `height_m` above the zero of `system`."""

    height_m: float
    system: str


@dataclass(frozen=True)
class Sensor:
    """An instrument at a station; what its kind has no use for is None.

    `zero_distance_m` is the range that is read when the stage is 0 m, `stage_at_zero_m` the stage when 0 m is read.
    `statistics` are those of stage that a record holds of a burst, and "count", the number of valid readings.
    """

    sensor_no: int
    kind: str
    port: int
    power_switch: int | None
    burst: int | None = None
    zero_distance_m: float | None = None
    stage_at_zero_m: float | None = None
    mm_per_pulse: float | None = None
    modbus_address: int | None = None
    sdi12_address: str | None = None
    barometer: str | None = None
    statistics: tuple[str, ...] | None = None


@dataclass(frozen=True)
class SenmlName:
    """What another maker's logger calls a value, base name and all, and what it is to us (RFC 8428)."""

    name: str
    variable: str
    sensor_no: int
    raises_flags: bool = False  # though nothing proves who sent it


@dataclass(frozen=True)
class Adaptive:
    """What raises and clears a station's trigger, and its intervals while that is raised.

    Values are in the unit of `variable`, or in that unit per hour, measured over `over_s`, where `kind` is "rise_rate".
    """

    sensor_no: int
    variable: str
    kind: str
    raise_value: float
    clear_value: float
    over_s: int | None
    clear_after_s: int
    record_every_s: int
    send_every_s: int
    pre_trigger_s: int


@dataclass(frozen=True)
class Sampling:
    """The intervals of a station; `sample_every_s` is how often it looks for what raises its trigger, if it has one."""

    record_every_s: int
    send_every_s: int
    sample_every_s: int | None = None
    adaptive: Adaptive | None = None


@dataclass(frozen=True)
class Uplink:
    """How a station reaches the network: `kind` is "wifi" or "modem", and only a modem has port, power switch and APN.

    `bytes_per_day` None is no limit; `time_server` is (host, port), None for a board whose clock is set otherwise.
    """

    kind: str
    bytes_per_day: int | None = None
    time_server: tuple[str, int] | None = None
    port: int | None = None
    power_switch: int | None = None
    apn: str | None = None


@dataclass(frozen=True)
class Power:
    """A station's battery: what is left off below which voltage until it is `hysteresis_v` above, and what is drawn.

    `radio_ma` and `sensors_ma` come on top of `awake_ma`.
    """

    alarms_only_below_v: float
    log_only_below_v: float
    sleep_below_v: float
    hysteresis_v: float
    awake_ma: float
    radio_ma: float
    sensors_ma: float
    asleep_ma: float


@dataclass(frozen=True)
class Neighbour:
    """A station upstream, and how long its water takes to arrive."""

    station: str
    travel_time_s: int


@dataclass(frozen=True)
class Threshold:
    """When a flag is raised and cleared; `name` is unique within the station.

    Values are in the unit of `variable`, or in that unit per hour where `kind` is "rise_rate".
    """

    name: str
    kind: str
    variable: str
    direction: str
    raise_value: float
    clear_value: float
    raise_after_s: int
    clear_after_s: int
    source: str
    valid_from: datetime
    valid_to: datetime | None

    def applies_at(self, at_ms: int) -> bool:
        """True from `valid_from` up to, but not including, `valid_to`."""
        begins_ms = self.valid_from.timestamp() * 1000
        return begins_ms <= at_ms and (self.valid_to is None or at_ms < self.valid_to.timestamp() * 1000)


@dataclass(frozen=True)
class Station:
    """A gauging station; `names` maps a language code to the name in that language.

    `senml` is what is taken, unauthenticated, from another maker's logger; empty where there is none. Records
    from before `commissioned` are doubted.
    """

    id: str
    names: Mapping[str, str]
    river: Mapping[str, str]
    country: str
    latitude_deg: float
    longitude_deg: float
    gauge_datum: GaugeDatum
    configuration_no: int
    key_id: str
    sensors: tuple[Sensor, ...]
    sampling: Sampling
    rating: RatingTable | None
    rating_source: str
    thresholds: tuple[Threshold, ...]
    upstream: tuple[Neighbour, ...]
    senml: tuple[SenmlName, ...] = ()
    uplink: Uplink = Uplink("wifi")
    commissioned: datetime | None = None
    power: Power | None = None


@dataclass(frozen=True)
class Basin:
    """One river basin; the first of `languages` is the one used where only one fits.

    `notice`, in each language or empty, stands at the head of every page and bulletin.
    """

    code: str
    names: Mapping[str, str]
    languages: tuple[str, ...]
    notice: Mapping[str, str]
    states: Mapping[str, Mapping[str, str]]
    stations: tuple[Station, ...]
    alerts: Alerting = NOBODY

    def station(self, station_id: str) -> Station:
        """Return the station, or raise KeyError."""
        for station in self.stations:
            if station.id == station_id:
                return station
        raise KeyError(station_id)

    def downstream_order(self) -> list[Station]:
        """Return the stations so that each comes after all those upstream of it, otherwise in the order of the file."""
        ordered: list[Station] = []
        waiting = list(self.stations)
        while waiting:
            placed = {station.id for station in ordered}
            station = next(each for each in waiting if {one.station for one in each.upstream} <= placed)
            ordered.append(station)
            waiting.remove(station)
        return ordered
