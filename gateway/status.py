"""What a gateway says of itself from its journal, running or not."""

from gateway.alerts.standing import alert_numbers
from gateway.entries import SETTLED
from gateway.journal import Journal
from gateway.ranges import Range, size, without

__all__ = ["read_status"]


def read_status(journal: Journal) -> dict[str, int]:
    """Return every count, the number of dead letters kept, and how many frames each stage is behind."""
    head = journal.head()
    status = journal.counts()
    status["records_awaited"] = _awaited(journal)
    status["dead_letters_kept"] = journal.count_dead_letters()
    for name, seq in sorted(journal.cursors().items()):
        if name != SETTLED:
            status[f"behind_{name}"] = head - seq
    return status | alert_numbers(journal)


def _awaited(journal: Journal) -> int:
    """Return how many records are missing between others of their log and were not written off: gaps that are open."""
    windows, written_off = journal.load_windows(), journal.written_off()
    awaited = 0
    for station, log_id in journal.queues():
        held: list[Range] = [(run.first_no, run.last_no) for run in windows.window(station, log_id).runs]
        if held:
            off = [
                (each.first_no, each.last_no)
                for each in written_off
                if (each.station, each.log_id) == (station, log_id)
            ]
            awaited += size(without([(held[0][0], held[-1][1])], [*held, *off]))
    return awaited
