"""The audit of stores that are servers: a record is written and read back, and clocks are compared."""

import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime

from gateway.connecting import make_store
from gateway.settings import EmbeddedSettings, InfluxSettings, Settings
from gateway.stores.store import Away, Delivery, Parked, Store, Unreadable, Written
from protocol.batch import Batch

from .finding import Finding, ok, problem, warning

__all__ = ["audit_stores"]

NO_BASIN = "rivergauge-check"  # of the canary: no basin's records are ever looked for under it
LOG_ID = 0
ANSWER_LIMIT_S = 10.0
CLOCK_LIMIT_S = 5.0  # the header has whole seconds
CHECK_RETENTION = "may this user read? Does the server keep what is new (VictoriaMetrics: -retentionPeriod=100y)?"


def audit_stores(settings: Settings, now_ms: Callable[[], int]) -> Iterator[Finding]:
    """Yield what was found on each server; a store in a file of this machine is audited with the disk."""
    for each in settings.stores:
        if not isinstance(each, EmbeddedSettings):
            yield _audit(each, settings.name, now_ms())
            yield from _clock(each, now_ms)


def _audit(settings: InfluxSettings, gateway: str, at_ms: int) -> Finding:
    what = f"store {settings.name}"
    try:
        store = make_store(settings)
    except OSError as error:
        return problem(what, str(error), "correct the file that [[store]] names")
    try:
        return _write_and_read(what, store, gateway, at_ms)
    finally:
        store.close()


def _write_and_read(what: str, store: Store, gateway: str, at_ms: int) -> Finding:
    """Write a record without values, as a test of a basin that is not there, by the way that all records go."""
    number = at_ms // 1000
    batch = Batch(LOG_ID, number, [at_ms], [], 0, oldest_held=number, receipted=number, test=True)
    match store.write([Delivery(0, NO_BASIN, gateway, at_ms, batch, (0,))]):
        case Away(reason):
            return problem(what, reason, "start the server, or correct url; the journal keeps all until it is back")
        case Parked(reason):
            return problem(what, reason, "correct the secret file, the bucket or the database")
        case Written(refused) if refused:
            return problem(what, f"refuses a plain record: {refused[0].reason}", CHECK_RETENTION)
    try:
        found = store.read_records(NO_BASIN, gateway, LOG_ID, number, number)
    except Unreadable as error:
        return problem(what, f"takes a record, and does not give it back: {error}", CHECK_RETENTION)
    if (number, at_ms) not in found:  # there may be others, of audits within the same second
        return problem(what, "takes a record, and does not give it back", CHECK_RETENTION)
    return ok(what, f"a record of basin {NO_BASIN} was written and read back")


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
    what, detail = f"clock of store {settings.name}", f"{abs(off_s):.0f} s from that of this machine"
    if abs(off_s) > CLOCK_LIMIT_S:
        yield warning(what, detail, "see `timedatectl` on both: times of receipt and ages are wrong by that")
    else:
        yield ok(what, detail)
