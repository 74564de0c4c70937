"""How alerts stand, in numbers: for `rivergauge status` and for /metrics."""

from gateway.alerts.entries import LEFT, PROOF, REFUSED, Dispatch
from gateway.journal import Journal
from gateway.metrics import GAUGE, Family, Sample

__all__ = ["alert_families", "alert_numbers"]


def alert_numbers(journal: Journal) -> dict[str, int]:
    """Return how many messages wait, how many of them failed or were refused, and what nobody has acknowledged.

    `alerts_proofs_failed` are the proofs that did not get through: whom no alert would reach now.
    """
    waiting = _own(journal)
    return {
        "alerts_pending": len(waiting),
        "alerts_failed": sum(each.attempts > 0 for each in waiting),
        "alerts_refused": sum(each.state == REFUSED for each in waiting),
        "alerts_proofs_failed": sum(each.attempts > 0 and each.alert.kind == PROOF for each in waiting),
        "alerts_unacknowledged": len(journal.alerts.unacknowledged()),
    }


def alert_families(journal: Journal, now_ms: int) -> list[Family]:
    """Return the numbers as metrics, with the age of the oldest message that waits."""
    helps = {
        "alerts_pending": "messages to people that are not delivered yet",
        "alerts_failed": "of these, those that an attempt has failed for",
        "alerts_refused": "of these, those that the receiver's server will not take",
        "alerts_proofs_failed": "proofs that did not get through: whom no alert would reach now",
        "alerts_unacknowledged": "raised flags that people were told of and nobody has acknowledged",
    }
    numbers = alert_numbers(journal)
    oldest_ms = min((each.alert.at_ms for each in _own(journal)), default=now_ms)
    age = Sample(max(0, now_ms - oldest_ms) / 1000)
    return [
        *(Family(name, GAUGE, helps[name], [Sample(number)]) for name, number in numbers.items()),
        Family("alerts_oldest_seconds", GAUGE, "age of the oldest message that is not delivered", [age], "seconds"),
    ]


def _own(journal: Journal) -> list[Dispatch]:
    """Return what waits and is for this gateway to send."""
    return [each for each in journal.alerts.waiting() if each.state != LEFT]
