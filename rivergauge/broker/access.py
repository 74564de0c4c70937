"""Who may use which topic, as Mosquitto's acl_file says it: what is not listed is denied.

A user is the common name of a client certificate. A station's is `{basin}.{station}`, a gateway's `gateway.{name}`: no
basin can be called `gateway`, and ids hold no dot, so that no two of them are ever the same.
"""

from collections.abc import Iterator, Sequence

from protocol.topics import gateway_state_topic, topic
from rivergauge.basin import Basin

__all__ = ["FLAG_READER", "access_rules", "gateway_user", "station_user"]

FLAG_READER = "flags"
STATION_WRITES = ("data", "birth", "event", "reply", "online", "senml")
STATION_READS = ("receipt", "command")
GATEWAY_WRITES = ("receipt", "command", "flag")


def station_user(basin: str, station: str) -> str:
    return f"{basin}.{station}"


def gateway_user(name: str) -> str:
    return f"gateway.{name}"


def access_rules(basin: Basin, gateways: Sequence[str], is_anonymous_station: bool = False) -> str:
    """Return the access rules of a basin; `is_anonymous_station` lets clients without a certificate act as stations."""
    lines = [
        f"# Who may use which topic in basin {basin.code}: made by `rivergauge broker config`. The rest is denied."
    ]
    stations = [station.id for station in basin.stations]
    if is_anonymous_station:
        lines += ["", "# Clients of the listener without TLS (before the first user, as Mosquitto wants it)."]
        for station in stations:
            lines += _station_rules(basin.code, station, gateways)
    for station in stations:
        lines += ["", f"user {station_user(basin.code, station)}", *_station_rules(basin.code, station, gateways)]
    for name in gateways:
        lines += ["", f"user {gateway_user(name)}", *_gateway_rules(basin.code, name)]
    # For bulletins of others, sirens, dashboards: they see flags and nothing else.
    lines += ["", f"user {FLAG_READER}", f"topic read rg/1/{basin.code}/+/flag"]
    return "\n".join(lines) + "\n"


def _station_rules(basin: str, station: str, gateways: Sequence[str]) -> Iterator[str]:
    for leaf in STATION_WRITES:
        yield f"topic write {topic(basin, station, leaf)}"
    for leaf in STATION_READS:
        yield f"topic read {topic(basin, station, leaf)}"
    for name in gateways:
        yield f"topic read {gateway_state_topic(name)}"


def _gateway_rules(basin: str, name: str) -> Iterator[str]:
    # `+` stands for the stations: a gateway answers for all of its basin, and reads what a new station sends at once.
    for leaf in STATION_WRITES:
        yield f"topic read rg/1/{basin}/+/{leaf}"
    for leaf in GATEWAY_WRITES:
        yield f"topic write rg/1/{basin}/+/{leaf}"
    yield f"topic readwrite rg/1/gateway/{name}/+"
    yield "topic read rg/1/gateway/+/state"
