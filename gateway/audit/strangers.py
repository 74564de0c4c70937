"""The audit of a broker as somebody sees it who has neither name nor password nor certificate."""

from collections.abc import Iterator
from dataclasses import replace

from gateway.connecting import broker_address
from gateway.settings import LOOPBACK, BrokerSettings
from protocol.topics import topic

from .finding import Finding, ok, problem, warning
from .probe import ProbeRefused, may_publish, new_client_id

__all__ = ["MAKE_RULES", "NOBODY", "audit_strangers"]

NOBODY = "rivergauge-check"  # a station and a gateway that are not: what is published there reaches nobody who acts
MAKE_RULES = "`rivergauge broker config` writes settings and access rules for this basin"


def audit_strangers(broker: BrokerSettings, basin: str) -> Iterator[Finding]:
    """See what somebody without name, password and certificate may do."""
    tls = replace(broker.tls, certificate_file=None, key_file=None) if broker.tls is not None else None
    try:
        address = broker_address(replace(broker, username=None, password_file=None, tls=tls))
        written = [each for each in _forbidden_topics(basin) if may_publish(address, new_client_id(), each)]
    except ProbeRefused as error:
        yield ok("broker strangers", f"are not admitted: {error}")
        return
    except OSError as error:
        yield problem("broker strangers", f"could not be tried: {error}", "run the audit again")
        return
    if not written:
        yield ok("broker strangers", "are admitted, and may not write on the topics of others")
        return
    detail = f"anyone who reaches the broker may publish on {', '.join(written)}"
    advice = f"set allow_anonymous false; {MAKE_RULES}"
    if broker.host in LOOPBACK and broker.tls is None:
        yield warning("broker strangers", f"{detail}; is its listener bound to 127.0.0.1?", advice)
    else:
        yield problem("broker strangers", detail, advice)


def _forbidden_topics(basin: str) -> list[str]:
    """Return topics on which nobody listens, one for each way to do harm: as a station, with a flag, as a gateway."""
    return [
        topic(basin, NOBODY, "online"),
        topic(basin, NOBODY, "flag"),
        f"rg/1/gateway/{NOBODY}/check",
    ]
