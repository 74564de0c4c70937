"""The audit of a running broker: who may do what, whether messages come through, and what it would drop."""

import ssl
from collections.abc import Iterator

from gateway.connecting import broker_address
from gateway.ingest import LEAVES
from gateway.mqtt import BrokerAddress
from gateway.settings import LOOPBACK, BrokerSettings
from protocol.cose import SEALED_LIMIT
from protocol.topics import topic

from .finding import Finding, ok, problem, warning
from .probe import Probe, ProbeRefused, may_publish, new_client_id
from .queue_room import audit_queue
from .strangers import MAKE_RULES, NOBODY, audit_strangers

__all__ = ["audit_broker"]

WANTED_WINDOW = 100  # messages that the broker takes before it has acknowledged the first
SLOW_S = 1.0


def audit_broker(broker: BrokerSettings, basin: str, gateway: str, is_running: bool) -> Iterator[Finding]:
    """Yield what was found; `is_running` says that the gateway is connected now."""
    try:
        address = broker_address(broker)
    except OSError as error:
        yield problem("broker", str(error), "correct the file that [broker] names")
        return
    if is_running and broker.tls is not None and broker.tls.certificate_file is not None:
        # Where the certificate names the session, as `rivergauge broker config` has it, a probe would take it over.
        advice = "see what the gateway says of itself; stop it for an audit of all"
        yield warning("broker", "not tried with the gateway's certificate while the gateway uses it", advice)
    else:
        is_admitted = False
        try:
            for finding in _as_gateway(address, basin, gateway, is_running):
                is_admitted = True
                yield finding
        except (ProbeRefused, OSError) as error:
            if not is_admitted:
                yield _kept_out(address, error)
                return
            yield warning("broker audit", f"not finished: {error}", "run it again, and see the broker's log")
    yield _encryption(broker)
    yield from audit_strangers(broker, basin)
    yield warning(
        "broker persistence",
        "whether sessions survive a restart cannot be seen from outside",
        "look in mosquitto.conf for `persistence true` and `persistent_client_expiration 14d`",
    )


def _kept_out(address: BrokerAddress, error: ProbeRefused | OSError) -> Finding:
    where = f"{address.host}:{address.port}"
    if isinstance(error, ssl.SSLCertVerificationError):
        detail = f"{where} shows a certificate that is not believed: {error.verify_message}"
        return problem("broker", detail, "correct ca_file or host of [broker], or renew the broker's certificate")
    if isinstance(error, OSError):
        advice = "start the broker, or correct [broker] in gateway.toml"
        return problem("broker", f"{where} cannot be reached: {error}", advice)
    advice = "check username, password or certificate, whether TLS is spoken on this port, and that MQTT 5 is"
    return problem("broker", f"{where} does not go along with the gateway: {error}", advice)


def _as_gateway(address: BrokerAddress, basin: str, gateway: str, is_running: bool) -> Iterator[Finding]:
    with Probe(address, new_client_id()) as probe:
        yield ok("broker", f"{address.host}:{address.port} admits the gateway, with MQTT 5")
        yield from _limits(probe.told)
        if probe.told.get("MaximumQoS", 2) < 1:
            return
        is_alone = not probe.is_session_present
        if is_alone:
            yield _round_trip(probe, f"rg/1/gateway/{gateway}/check")
        else:
            detail = "not tried: the broker gives all clients of this user one session, which is the gateway's"
            yield warning("broker canary", detail, "see what the gateway says of itself when it runs")
    if is_alone:
        yield _subscriptions(address, basin)
    if is_alone or not is_running:
        yield _own_rights(address, basin)
    yield audit_queue(address, new_client_id(), f"rg/1/gateway/{gateway}/queue-check")


def _limits(told: dict[str, int]) -> Iterator[Finding]:
    """Judge what the broker said when it admitted us; what it does not say has no limit (MQTT 5, 3.2.2.3)."""
    if told.get("MaximumQoS", 2) < 1:
        yield problem("broker QoS", "takes only QoS 0, which is never acknowledged", "set max_qos 2 in mosquitto.conf")
    if not told.get("RetainAvailable", 1):
        advice = "set retain_available true: states, births and flags are retained"
        yield problem("broker retained", "keeps no retained messages", advice)
    packet_limit = told.get("MaximumPacketSize")
    if packet_limit is not None and packet_limit < SEALED_LIMIT:
        detail = f"takes packets of {packet_limit} bytes, and a message may have {SEALED_LIMIT}"
        yield problem("broker packets", detail, "set max_packet_size 131072 in mosquitto.conf")
    window = told.get("ReceiveMaximum", 65_535)
    if window < WANTED_WINDOW:
        detail = f"has {window} messages of a client under way at once, so that a backfill is slow"
        yield warning("broker window", detail, "set max_inflight_messages 1000 in mosquitto.conf")
    named = ", ".join(f"{name} {value}" for name, value in sorted(told.items()))
    yield ok("broker limits", f"tells {named}" if named else "tells of no limit")


def _own_rights(address: BrokerAddress, basin: str) -> Finding:
    topics = [topic(basin, NOBODY, leaf) for leaf in ("receipt", "command", "flag")]
    denied = [each for each in topics if not may_publish(address, new_client_id(), each)]
    if denied:
        detail = f"the gateway may not publish on {', '.join(denied)}"
        return problem("broker rights", detail, f"correct its access rules; {MAKE_RULES}")
    return ok("broker rights", "the gateway may publish receipts, commands and flags")


def _round_trip(probe: Probe, own_topic: str) -> Finding:
    seconds = probe.round_trip_s(own_topic)
    if seconds is None:
        detail = f"a message on {own_topic} does not come back"
        return problem("broker canary", detail, f"let the gateway read and write rg/1/gateway/+/+; {MAKE_RULES}")
    detail = f"a message comes back after {seconds * 1000:.0f} ms"
    if seconds > SLOW_S:
        return warning("broker canary", detail, "look at the load of broker and network")
    return ok("broker canary", detail)


def _subscriptions(address: BrokerAddress, basin: str) -> Finding:
    with Probe(address, new_client_id()) as probe:
        denied = [name for leaf in LEAVES if not probe.may_subscribe(name := f"rg/1/{basin}/+/{leaf}")]
    if denied:
        advice = f"correct its access rules; {MAKE_RULES}"
        return problem("broker subscriptions", f"the gateway may not read {', '.join(denied)}", advice)
    # Mosquitto grants a subscription whatever the rules for reading say, and then delivers nothing.
    return ok("broker subscriptions", "granted; whether stations' messages come is seen when the first one does")


def _encryption(broker: BrokerSettings) -> Finding:
    if broker.tls is not None:
        return ok("broker encryption", "TLS, and the broker's certificate is checked")
    if broker.host in LOOPBACK:
        return ok("broker encryption", "none, and none needed: it is on this machine")
    advice = f"use [broker.tls]; {MAKE_RULES}"
    return problem("broker encryption", "none: passwords and records can be read on the way", advice)
