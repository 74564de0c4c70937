"""What the stores have of a log: asked where a journal was lost, so that nothing is taken for lost, or stored twice."""

import logging
from collections.abc import Callable, Sequence

from gateway.complaints import Complaint
from gateway.stores.store import Store, Unreadable

__all__ = ["StoredRecords"]

log = logging.getLogger(__name__)

REST_S = 60.0  # after a store could not be asked: the flow of records does not wait for it again and again


class StoredRecords:
    """Asks the stores one after the other, the first of which is the one to be asked most cheaply."""

    def __init__(self, basin: str, stores: Sequence[Store], now_s: Callable[[], float]) -> None:
        self._basin = basin
        self._stores = stores
        self._now_s = now_s
        self._rests_until_s = 0.0
        self._complaint = Complaint(log, "looking for records that a lost journal knew", now_s)

    def find(self, station: str, log_id: int, first_no: int, last_no: int) -> Sequence[tuple[int, int]] | None:
        """Return (record number, time in ms) of those that any store has; None when that cannot be told now."""
        if self._now_s() < self._rests_until_s:
            return None
        found: dict[int, int] = {}
        try:
            for store in self._stores:
                found.update(store.read_records(self._basin, station, log_id, first_no, last_no))
                if len(found) == last_no - first_no + 1:
                    break
        except Unreadable as error:
            self._rests_until_s = self._now_s() + REST_S
            self._complaint.raise_(f"{error}; asking again in {REST_S:g} s")
            return None
        self._complaint.clear()
        return sorted(found.items())
