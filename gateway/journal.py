"""The journal: what the gateway has taken charge of and what it owes, on disk before anything is acknowledged.

The law this file keeps: everything that belongs together changes in one transaction, and a transaction is on disk
(SQLite, WAL, synchronous FULL, but for what can be repeated) when `with journal.transaction()` ends.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.alerts.reader import AlertReader
from gateway.alerts.tables import SCHEMA as ALERTS_SCHEMA
from gateway.commanding.tables import SCHEMA as COMMANDS_SCHEMA
from gateway.commanding.tables import CommandReader
from gateway.connections import Connections, committing
from gateway.damage import telling_of_damage
from gateway.entries import COUNTS, SETTLED, DeadLetter, Frame, Outgoing, Report, WrittenOff
from gateway.journal_tables import LETTER_COLUMNS, SCHEMA, STEPS, WRITTEN_OFF, dead_letter_from_row, frame_from_row
from gateway.newest_frames import NewestFrames
from gateway.quarantine import QUARANTINED
from gateway.schema import prepare
from gateway.series import OBSERVATION_BYTES, Seen, in_order_of_time, unpack
from gateway.transaction import Transaction
from gateway.windows import Run, Windows

__all__ = ["Journal"]


class Journal:
    """The journal in one SQLite file. Any thread may use it: writing takes turns, and each thread reads on its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connections = Connections(path)
        self._read = self._connections.read
        self._newest = NewestFrames()
        self.alerts = AlertReader(self._read)
        self.commands = CommandReader(self._read)

    def open(self) -> None:
        """Open the file, creating it if need be; raise sqlite3.Error when it is not a usable journal."""
        try:
            self._connections.open(lambda writer: prepare(writer, SCHEMA + ALERTS_SCHEMA + COMMANDS_SCHEMA, STEPS))
        except sqlite3.Error as error:
            raise type(error)(
                f"{self.path}: {error}; expected a journal on a disk that can be written: correct the disk, or restore"
                " the journal from a backup; without one, move it away: what a store has is recognised again"
            ) from error

    def close(self) -> None:
        self._connections.close()
        self._newest.clear()

    @contextmanager
    def transaction(self, can_be_repeated: bool = False) -> Iterator[Transaction]:
        """Give a transaction that is on disk when the block ends, or was never there when it raises.

        One that can be repeated, such as a cursor moving on, is on disk with the next that cannot: a power cut may
        take it back whole, and with it all that came after it.
        """
        with self._connections.turn() as writer:
            changes = Transaction(writer)
            with committing(writer, is_durable=not can_be_repeated):
                yield changes
            if changes.has_trimmed:
                self._newest.clear()
            self._newest.add(changes.added)

    def used_bytes(self) -> int:
        """Return how much of the file is in use; what was removed is used again and does not count."""
        query = "SELECT (page_count - freelist_count) * page_size"
        rows = self._read(f"{query} FROM pragma_page_count, pragma_freelist_count, pragma_page_size")
        return int(rows[0][0])

    def head(self) -> int:
        """Return the seq of the last frame, 0 when there was never one."""
        rows = self._read("SELECT seq FROM sqlite_sequence WHERE name = 'frame'")
        return rows[0][0] if rows else 0

    def frames(self, after: int, limit: int) -> list[Frame]:
        """Return up to `limit` frames with seq > `after`, in order."""
        newest = self._newest.after(after, limit)
        if newest is not None:
            return newest
        rows = self._read(
            "SELECT kind, station, received_at_ms, key_id, log_id, first_no, last_no, fresh, payload, payload_crc, seq"
            " FROM frame WHERE seq > ? ORDER BY seq LIMIT ?",
            (after, limit),
        )
        with telling_of_damage(self.path):
            return [frame_from_row(row) for row in rows]

    def cursors(self) -> dict[str, int]:
        return dict(self._read("SELECT name, seq FROM cursor"))

    def counts(self) -> dict[str, int]:
        """Return COUNTS; `records_pending` are those to be stored that are not settled yet."""
        # One statement, so that all numbers are of one moment.
        rows = self._read(
            "WITH settled (seq) AS (SELECT coalesce((SELECT seq FROM cursor WHERE name = ?), 0))"
            " SELECT name, value FROM counter"
            " UNION ALL SELECT 'records_pending',"
            " (SELECT coalesce(sum(fresh_count), 0) FROM frame, settled WHERE frame.seq > settled.seq)"
            " - (SELECT count(*) FROM dead_letter, settled WHERE dead_letter.seq > settled.seq)",
            (SETTLED,),
        )
        return dict.fromkeys(COUNTS, 0) | dict(rows)

    def outbox(self, limit: int) -> list[Outgoing]:
        rows = self._read("SELECT topic, payload, retain, id FROM outbox ORDER BY id LIMIT ?", (limit,))
        return [Outgoing(row[0], row[1], bool(row[2]), row[3]) for row in rows]

    def flag_states(self) -> dict[tuple[str, str], str]:
        """Return the stored state of each (station, threshold)."""
        return {(row[0], row[1]): row[2] for row in self._read("SELECT station, threshold, state FROM flag_state")}

    def seen(self, station: str, variable: str, after_ms: int | None) -> list[Seen]:
        """Return what the thresholds of a variable have seen after the time, or at any, in the order of time."""
        rows = self._read(
            "SELECT observations FROM seen WHERE station = ?1 AND variable = ?2 AND (?3 IS NULL OR last_ms > ?3)",
            (station, variable, after_ms),
        )
        kept = (each for row in rows for each in unpack(row[0]))
        return in_order_of_time(each for each in kept if after_ms is None or each.at_ms > after_ms)

    def count_seen(self, station: str, variable: str) -> int:
        """Return how many observations are kept of what the thresholds have seen."""
        query = "SELECT coalesce(sum(length(observations)), 0) FROM seen WHERE station = ? AND variable = ?"
        ((kept_bytes,),) = self._read(query, (station, variable))
        return int(kept_bytes) // OBSERVATION_BYTES

    def first_seen_ms(self, station: str, variable: str) -> int | None:
        """Return the time of the oldest observation that is kept of what the thresholds have seen."""
        rows = self._read("SELECT min(first_ms) FROM seen WHERE station = ? AND variable = ?", (station, variable))
        return rows[0][0] if rows else None

    def dead_letters(self) -> list[DeadLetter]:
        """Return the dead letters in the order they came."""
        return [
            dead_letter_from_row(row) for row in self._read(f"SELECT {LETTER_COLUMNS} FROM dead_letter ORDER BY id")
        ]

    def dead_letters_to_replay(self, settled: int, limit: int) -> list[DeadLetter]:
        """Return up to `limit` of those that someone asked to try again, the oldest first.

        What a store refused of a frame behind `settled` waits: it is counted when the frame is settled, and cannot be
        taken back before.
        """
        rows = self._read(
            f"SELECT {LETTER_COLUMNS} FROM dead_letter WHERE replay = 1 AND coalesce(seq, 0) <= ? ORDER BY id LIMIT ?",
            (settled, limit),
        )
        return [dead_letter_from_row(row) for row in rows]

    def dead_letter_bytes(self) -> dict[str, int]:
        """Return by topic how much the authenticated dead letters take, without those that are in quarantine."""
        rows = self._read(
            "SELECT topic, sum(length(payload)) FROM dead_letter WHERE authenticated = 1 AND reason NOT LIKE ? || '%'"
            " GROUP BY topic",
            (QUARANTINED,),
        )
        return dict(rows)

    def count_dead_letters(self) -> int:
        ((number,),) = self._read("SELECT count(*) FROM dead_letter")
        return int(number)

    def reports(self, leaf: str, station: str | None = None) -> list[Report]:
        """Return the births, events or replies of one station, or of all, in the order they were told."""
        rows = self._read(
            "SELECT station, leaf, boot_no, message_no, received_at_ms, payload FROM report"
            " WHERE leaf = ?1 AND (?2 IS NULL OR station = ?2) ORDER BY received_at_ms, station, boot_no, message_no",
            (leaf, station),
        )
        return [Report(*row) for row in rows]

    def queues(self) -> list[tuple[str, int]]:
        """Return (station, log id) of every queue that was heard of."""
        return [(row[0], row[1]) for row in self._read("SELECT station, log_id FROM queue")]

    def written_off(self) -> list[WrittenOff]:
        rows = self._read("SELECT * FROM written_off")
        return [WrittenOff(row[0], row[1], row[2], row[3], WRITTEN_OFF[row[4]]) for row in rows]

    def load_windows(self) -> Windows:
        windows = Windows()
        runs: dict[tuple[str, int], list[Run]] = {}
        for row in self._read("SELECT station, log_id, first_no, last_no, first_ms, step_ms FROM run"):
            runs.setdefault((row[0], row[1]), []).append(Run(*row[2:]))
        for (station, log_id), its_runs in runs.items():
            windows.load(station, log_id, its_runs)
        return windows
