"""What the stores are handed, as the tests of every store have it."""

from gateway.observations import Flag, Revision
from gateway.stores.store import Delivery
from protocol.quality import GOOD
from tests.fakes.publisher import START_MS, stage_batch

__all__ = ["delivery", "flag_delivery"]


def delivery(stages_mm=(500, None, 2500), seq=1, **changes):
    batch = stage_batch(0, list(stages_mm), **changes)
    rated = Revision("b", "upper", 1, "discharge_m3_s", batch.times_ms[0], 50.0, GOOD, "rating", "r 1", 1)
    return Delivery(seq, "b", "upper", 0, batch, tuple(range(len(stages_mm))), (rated,))


def flag_delivery():
    flag = Flag(
        "b", "upper", "watch", "level", "stage_m", "above", "raised", START_MS, START_MS, None, 1.2, START_MS, 1.0, 0.8,
        "us",
    )  # fmt: skip
    return Delivery(2, "b", "upper", 0, flag=flag)
