"""The audit of certificates: how long until the broker's or the gateway's own no longer serves."""

import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

from cryptography import x509

from gateway.connecting import broker_address
from gateway.settings import BrokerSettings

from .finding import Finding, ok, problem, warning

__all__ = ["audit_certificates"]

ANSWER_LIMIT_S = 5.0
DAY_S = 86_400
SOON_DAYS = 30
RENEW = "`rivergauge broker config` renews what ends within a year; install the files and restart broker and gateway"


def audit_certificates(broker: BrokerSettings, now_ms: Callable[[], int]) -> Iterator[Finding]:
    """Yield one finding for each certificate; what cannot be had is told by the audit of the broker."""
    if broker.tls is None:
        return
    files = {"authority": broker.tls.ca_file, "gateway": broker.tls.certificate_file}
    for whose, path in files.items():
        if path is not None and (end_s := _end_in_file_s(path)) is not None:
            yield _judge(f"certificate of the {whose}", end_s, now_ms)
    if (end_s := _end_at_broker_s(broker)) is not None:
        yield _judge("certificate of the broker", end_s, now_ms)


def _judge(what: str, end_s: float, now_ms: Callable[[], int]) -> Finding:
    days = int((end_s - now_ms() / 1000) // DAY_S)
    if days < 0:
        return problem(what, f"ended {-days} days ago", RENEW)
    if days < SOON_DAYS:
        return warning(what, f"ends in {days} days", RENEW)
    return ok(what, f"ends in {days} days")


def _end_in_file_s(path: Path) -> float | None:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc.timestamp()
    except (OSError, ValueError):
        return None


def _end_at_broker_s(broker: BrokerSettings) -> float | None:
    try:
        context = broker_address(broker).tls
        if context is None:
            return None
        with (
            socket.create_connection((broker.host, broker.port), ANSWER_LIMIT_S) as plain,
            context.wrap_socket(plain, server_hostname=broker.host) as secured,
        ):
            shown = secured.getpeercert() or {}
    except OSError:  # of which ssl.SSLError is one
        return None
    return float(ssl.cert_time_to_seconds(str(shown["notAfter"])))
