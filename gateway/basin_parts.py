"""What is made of the basin file, and made anew as one when the file has changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import monotonic

from gateway.alerts.alerts import Alerts
from gateway.commanding.worker import Commanding
from gateway.deliveries import Deliveries
from gateway.feeding import Feeder
from gateway.flagging import Flagging
from gateway.ingest import Ingest
from gateway.reception import Reception
from rivergauge.basin import Basin

__all__ = ["BasinParts", "change_over"]


@dataclass(frozen=True, slots=True)
class BasinParts:
    """Whatever else the gateway consists of stays as it is: connection, page, journal, stores."""

    ingest: Ingest
    deliveries: Deliveries
    alerts: Alerts
    flagged: Basin  # with the thresholds that are watched here
    key_ids: Mapping[str, str]  # of the key that each station's board uses


def change_over(
    parts: BasinParts,
    reception: Reception,
    flagging: Flagging,
    feeders: Sequence[Feeder],
    commanding: Commanding,
    limit_s: float,
) -> list[str]:
    """Have the stages go on with other parts, each between two of its steps.

    Returns those that are in a step for longer than the limit; they change over when it ends.
    """
    flags = partial(flagging.take_up, parts.flagged, parts.deliveries, parts.alerts.herald)
    changed = {
        reception.name: reception.between_steps(partial(reception.judge_with, parts.ingest)),
        flagging.name: flagging.between_steps(flags),
        commanding.name: commanding.between_steps(partial(commanding.address, parts.key_ids)),
    }
    for feeder in feeders:
        changed[feeder.name] = feeder.between_steps(partial(feeder.decode_with, parts.deliveries))
    ends_s = monotonic() + limit_s
    return [name for name, is_done in changed.items() if not is_done.wait(max(0.0, ends_s - monotonic()))]
