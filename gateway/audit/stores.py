"""The audit of stores that are servers: a point is written and read back, and clocks are compared."""

import json
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from time import monotonic, sleep
from urllib.parse import urlencode

from gateway.connecting import make_store
from gateway.settings import EmbeddedSettings, InfluxSettings, Settings
from gateway.store_settings import INFLUXDB_2, INFLUXDB_3
from gateway.stores.influxdb import InfluxStore
from gateway.stores.store import Away, Parked
from gateway.stores.victoria_metrics import VictoriaStore

from .finding import Finding, ok, problem, warning

__all__ = ["audit_stores"]

MEASUREMENT = "rivergauge_check"  # of its own, so that no point of it is ever taken for an observation
ANSWER_LIMIT_S = 10.0
READ_LIMIT_S = 5.0
READ_EVERY_S = 0.25
CLOCK_LIMIT_S = 5.0  # the header has whole seconds


def audit_stores(settings: Settings, now_ms: Callable[[], int]) -> Iterator[Finding]:
    """Yield what was found on each server; a store in a file of this machine is audited with the disk."""
    for each in settings.stores:
        if not isinstance(each, EmbeddedSettings):
            yield from _audit(each, settings.name, now_ms)


def _audit(settings: InfluxSettings, gateway: str, now_ms: Callable[[], int]) -> Iterator[Finding]:
    what = f"store {settings.name}"
    try:
        store = make_store(settings)
        secret = settings.secret_file.read_text().strip() if settings.secret_file else ""
    except OSError as error:
        yield problem(what, str(error), "correct the file that [[store]] names")
        return
    at_ms = now_ms()
    if not isinstance(store, InfluxStore | VictoriaStore):
        raise TypeError(f"{settings.api} is no kind of server that takes lines")
    outcome = store.lines.write_blocks([f"{MEASUREMENT},gateway={gateway} canary={at_ms}i {at_ms}\n".encode()])
    store.close()
    match outcome:
        case True:
            yield _read_back(what, _Asking(settings, secret), gateway, at_ms)
        case Away(reason):
            yield problem(what, reason, "start the server, or correct url; the journal keeps all until it is back")
        case Parked(reason):
            yield problem(what, reason, "correct the secret file, the bucket or the database")
        case _:
            yield problem(what, f"{settings.url} refuses a plain point", "is it a server that takes line protocol?")
    yield from _clock(settings, now_ms)


class _Asking:
    """Asks a server over HTTP with the rights of the gateway."""

    def __init__(self, settings: InfluxSettings, secret: str) -> None:
        self._url = settings.url.rstrip("/")
        self._database = settings.database
        self._headers: dict[str, str] = {}
        if settings.api in (INFLUXDB_2, INFLUXDB_3) and secret:
            self._headers["Authorization"] = f"Token {secret}"
        elif settings.username:
            self._headers["Authorization"] = f"Basic {b64encode(f'{settings.username}:{secret}'.encode()).decode()}"

    def has_point(self, gateway: str, at_ms: int) -> bool:
        """Tell whether the point is there. No server is known by its status: the number itself has to come back."""
        query = f"SELECT canary FROM {MEASUREMENT} WHERE gateway = '{gateway}' AND time = {at_ms}ms"
        rows = self._get("/query", {"db": self._database, "epoch": "ms", "q": query})
        if str(at_ms) in rows.replace(f"{at_ms}ms", ""):
            return True
        self._get("/internal/force_flush", {})  # of VictoriaMetrics, which else shows it after a second
        match = f'{MEASUREMENT}_canary{{gateway="{gateway}"}}'
        series = self._get("/api/v1/export", {"match[]": match, "start": at_ms / 1000 - 1, "end": at_ms / 1000 + 1})
        return any(at_ms in json.loads(line)["timestamps"] for line in series.splitlines())

    def _get(self, path: str, values: dict[str, str | float]) -> str:
        request = urllib.request.Request(f"{self._url}{path}?{urlencode(values)}", headers=self._headers)
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_LIMIT_S) as answer:
                return str(answer.read().decode())
        except (OSError, urllib.error.HTTPError):
            return ""


def _read_back(what: str, server: _Asking, gateway: str, at_ms: int) -> Finding:
    began_s = monotonic()
    while not server.has_point(gateway, at_ms):
        if monotonic() - began_s > READ_LIMIT_S:
            detail = f"takes a point of measurement {MEASUREMENT}, and does not give it back"
            advice = (
                "may this user read? Does its retention period reach back (VictoriaMetrics: -retentionPeriod=100y)?"
            )
            return problem(what, detail, advice)
        sleep(READ_EVERY_S)
    return ok(what, f"a point of measurement {MEASUREMENT} was written and read back")


def _clock(settings: InfluxSettings, now_ms: Callable[[], int]) -> Iterator[Finding]:
    """Yield how far the server's clock is from ours, where it tells the time (HTTP, Date)."""
    try:
        with urllib.request.urlopen(settings.url, timeout=ANSWER_LIMIT_S) as answer:
            date = answer.headers.get("Date")
    except urllib.error.HTTPError as answer:
        date = answer.headers.get("Date")
    except OSError:
        return
    if date is None:
        return
    off_s = now_ms() / 1000 - parsedate_to_datetime(date).timestamp()
    detail = f"{abs(off_s):.0f} s from that of {settings.url}"
    if abs(off_s) > CLOCK_LIMIT_S:
        yield warning("clock", detail, "see `timedatectl` on both: times of receipt and ages are wrong by that")
    else:
        yield ok("clock", detail)
