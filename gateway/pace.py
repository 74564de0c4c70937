"""How fast stations may send what they kept while the broker was away. A pure function: no clock, no I/O."""

from gateway.room import HOLD, TIGHT

__all__ = ["BATCHES_LIMIT", "backfill_batches"]

# Frames that the slowest stage may be behind before stations are asked to go slower: a minute's work of a slow store.
LAG_FRAMES = 20_000
# What one batch takes of the journal, with its flags and what thresholds keep of it: 512 records, the largest there is.
BATCH_BYTES = 16_384
BATCHES_LIMIT = 10_000  # a station's queue holds fewer


def backfill_batches(used_bytes: int, limit_bytes: int, behind_frames: int, stations: int) -> int | None:
    """Return how many batches of its backlog a station may send in one connection; None as many as it likes.

    So many that all stations together, each sending them once, neither fill the journal to where it holds nor put the
    stores further behind than LAG_FRAMES; and one at least, since a backlog that stands still is never done.
    """
    if used_bytes <= TIGHT * limit_bytes and behind_frames <= LAG_FRAMES:
        return None
    room = int(HOLD * limit_bytes - used_bytes) // BATCH_BYTES
    return max(1, min(room, LAG_FRAMES, BATCHES_LIMIT * stations) // stations)
