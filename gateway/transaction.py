"""What can be changed in the journal, all of it within one transaction."""

import json
import sqlite3
from collections.abc import Sequence
from zlib import crc32

from gateway.alerts.writer import AlertWriter
from gateway.commanding.tables import CommandWriter
from gateway.entries import ALL_FRESH, SETTLED, DeadLetter, Frame, Outgoing, Report, WrittenOff
from gateway.journal_tables import WRITTEN_OFF
from gateway.quarantine import QUARANTINED
from gateway.schema import version_of
from gateway.series import Seen, pack
from gateway.windows import Run

__all__ = ["Transaction"]

# Until then a dead letter says that a record of its frame is not to be counted as stored.
IS_SETTLED = "coalesce(seq, 0) <= coalesce((SELECT seq FROM cursor WHERE name = :settled), 0)"
REPORTS_PER_STATION = 500  # births, events and replies that are kept


class Transaction:
    """Given by `Journal.transaction`; nothing is on disk before that block ends."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.alerts = AlertWriter(connection)
        self.commands = CommandWriter(connection)
        self.added: list[Frame] = []  # in the order of their seq
        self.has_trimmed = False

    def touch(self) -> None:
        """Write without a change, so that the end of the transaction proves that the disk takes it."""
        # SQLite writes the page that holds it even where it stays the same.
        self._connection.execute(f"PRAGMA user_version = {version_of(self._connection)}")

    def add_frames(self, frames: Sequence[Frame]) -> int:
        """Append the frames and return the seq of the last one, 0 without any."""
        if not frames:
            return 0
        self._connection.executemany(
            "INSERT INTO frame (kind, station, received_at_ms, key_id, log_id, first_no, last_no, fresh, fresh_count,"
            " payload, payload_crc) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(each.kind, each.station, each.received_at_ms, each.key_id, each.log_id, each.first_no, each.last_no,
              _fresh_text(each), len(each.fresh), each.payload, crc32(each.payload)) for each in frames],
        )  # fmt: skip
        # One after the other: nobody else writes within the transaction.
        (last,) = self._connection.execute("SELECT last_insert_rowid()").fetchone()
        self.added += [Frame(*frame[:-1], seq) for seq, frame in enumerate(frames, last - len(frames) + 1)]
        return int(last)

    def add_dead_letter(self, letter: DeadLetter) -> bool:
        """Keep a dead letter; return False when the same record of the same frame is one already."""
        added = self._connection.execute(
            "INSERT OR IGNORE INTO dead_letter (at_ms, reason, topic, authenticated, payload, key_id, seq, log_id,"
            " record_no, forged) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (letter.at_ms, letter.reason, letter.topic, letter.authenticated, letter.payload, letter.key_id, letter.seq,
             letter.log_id, letter.record_no, letter.forged),
        )  # fmt: skip
        return added.rowcount > 0

    def drop_excess_of_strangers(self, limit: int, limit_bytes: int) -> None:
        """Drop the oldest dead letters that did not verify, beyond a number or the bytes of them, and count them."""
        self.count("strangers_dropped", self._drop_excess("authenticated = 0", limit, limit_bytes))

    def drop_excess_of_quarantined(self, limit: int, limit_bytes: int) -> None:
        """Drop the oldest dead letters of stations beyond their limits in the same way."""
        self.count("quarantined_dropped", self._drop_excess(f"reason LIKE '{QUARANTINED}%'", limit, limit_bytes))

    def _drop_excess(self, which: str, limit: int, limit_bytes: int) -> int:
        dropped = self._connection.execute(
            "DELETE FROM dead_letter WHERE id IN (SELECT id FROM"
            " (SELECT id, row_number() OVER newest AS place, sum(length(payload)) OVER newest AS bytes"
            f" FROM dead_letter WHERE {which} AND {IS_SETTLED} WINDOW newest AS (ORDER BY id DESC))"
            " WHERE place > :limit OR bytes > :limit_bytes)",
            {"limit": limit, "limit_bytes": limit_bytes, "settled": SETTLED},
        )
        return dropped.rowcount

    def add_report(self, report: Report) -> bool:
        """Keep a report; return False, keeping nothing, when it is not newer than the station's last one.

        Of each station REPORTS_PER_STATION are kept.
        """
        newer = self._connection.execute(
            "SELECT 1 FROM report WHERE station = ?1 AND (boot_no, message_no) >= (?2, ?3)",
            (report.station, report.boot_no, report.message_no),
        ).fetchone()
        if newer is not None:
            return False
        self._connection.execute(
            "INSERT INTO report VALUES (?, ?, ?, ?, ?, ?)",
            (report.station, report.leaf, report.boot_no, report.message_no, report.received_at_ms, report.payload),
        )
        # Else a journal would be full of them after some years, and hold for ever.
        self._connection.execute(
            "DELETE FROM report WHERE station = ?1 AND (boot_no, message_no) <= (SELECT boot_no, message_no FROM report"
            " WHERE station = ?1 ORDER BY boot_no DESC, message_no DESC LIMIT 1 OFFSET ?2)",
            (report.station, REPORTS_PER_STATION),
        )
        return True

    def drop_dead_letter(self, letter_id: int) -> bool:
        """Remove a dead letter; return False when there is none of that id whose frame is settled."""
        dropped = self._connection.execute(
            f"DELETE FROM dead_letter WHERE id = :id AND {IS_SETTLED}", {"id": letter_id, "settled": SETTLED}
        )
        return dropped.rowcount > 0

    def ask_for_replay(self, letter_id: int) -> bool:
        """Mark a dead letter to be tried again by the running gateway; return False when there is none of that id."""
        asked = self._connection.execute("UPDATE dead_letter SET replay = 1 WHERE id = ?", (letter_id,))
        return asked.rowcount > 0

    def end_replay(self, letter_id: int) -> None:
        """Take back that a dead letter is to be tried again; it stays as it is."""
        self._connection.execute("UPDATE dead_letter SET replay = 0 WHERE id = ?", (letter_id,))

    def save_runs(self, changes: Sequence[tuple[str, int, int, Run | None]]) -> None:
        for station, log_id, first_no, run in changes:
            if run is None:
                self._connection.execute(
                    "DELETE FROM run WHERE station = ? AND log_id = ? AND first_no = ?", (station, log_id, first_no)
                )
            else:
                self._connection.execute(
                    "INSERT OR REPLACE INTO run VALUES (?, ?, ?, ?, ?, ?)",
                    (station, log_id, first_no, run.last_no, run.first_ms, run.step_ms),
                )

    def add_queue(self, station: str, log_id: int, begun_ms: int) -> None:
        self._connection.execute("INSERT OR IGNORE INTO queue VALUES (?, ?, ?)", (station, log_id, begun_ms))

    def write_off(self, entries: Sequence[WrittenOff]) -> None:
        for each in entries:
            self._connection.execute(
                "INSERT OR REPLACE INTO written_off VALUES (?, ?, ?, ?, ?)",
                (each.station, each.log_id, each.first_no, each.last_no, WRITTEN_OFF.index(each.why)),
            )
            self.count(f"records_{each.why}", each.last_no - each.first_no + 1)

    def save_cursor(self, name: str, seq: int) -> None:
        self._connection.execute("INSERT OR REPLACE INTO cursor VALUES (?, ?)", (name, seq))

    def settle(self, stores: Sequence[str]) -> int:
        """Count the records that every store has passed as stored, but for dead ones; return the last such frame."""
        cursors = dict(self._connection.execute("SELECT name, seq FROM cursor").fetchall())
        after = int(cursors.get(SETTLED, 0))
        up_to = min((cursors.get(name, 0) for name in stores), default=after)
        if up_to <= after:
            return after
        fresh, dead = self._connection.execute(
            "SELECT (SELECT coalesce(sum(fresh_count), 0) FROM frame WHERE seq > ?1 AND seq <= ?2),"
            " (SELECT count(*) FROM dead_letter WHERE seq > ?1 AND seq <= ?2)",
            (after, up_to),
        ).fetchone()
        self.count("records_stored", fresh - dead)
        self.save_cursor(SETTLED, up_to)
        return int(up_to)

    def trim(self, up_to: int, limit: int) -> int:
        """Remove the oldest frames with seq <= `up_to`, at most `limit`; return how many."""
        removed = self._connection.execute(
            "DELETE FROM frame WHERE seq IN (SELECT seq FROM frame WHERE seq <= ? ORDER BY seq LIMIT ?)", (up_to, limit)
        )
        self.has_trimmed = removed.rowcount > 0
        return removed.rowcount

    def count(self, name: str, number: int) -> None:
        """Add to a counter; counters live as long as the journal."""
        if number:
            self._connection.execute(
                "INSERT INTO counter VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
                (name, number),
            )

    def add_outgoing(self, outgoing: Outgoing) -> None:
        self._connection.execute(
            "INSERT INTO outbox (topic, payload, retain) VALUES (?, ?, ?)",
            (outgoing.topic, outgoing.payload, outgoing.retain),
        )

    def drop_outgoing(self, ids: Sequence[int]) -> None:
        self._connection.executemany("DELETE FROM outbox WHERE id = ?", [(an_id,) for an_id in ids])

    def save_flag_state(self, station: str, threshold: str, state: str) -> None:
        self._connection.execute("INSERT OR REPLACE INTO flag_state VALUES (?, ?, ?)", (station, threshold, state))

    def drop_flag_state(self, station: str, threshold: str) -> None:
        self._connection.execute("DELETE FROM flag_state WHERE station = ? AND threshold = ?", (station, threshold))

    def add_seen(self, station: str, variable: str, seq: int, observations: Sequence[Seen]) -> None:
        """Keep what the thresholds of a variable have seen in one frame."""
        times = [each.at_ms for each in observations]
        self._connection.execute(
            "INSERT INTO seen VALUES (?, ?, ?, ?, ?, ?)",
            (station, variable, min(times), seq, max(times), pack(observations)),
        )

    def drop_seen(self, station: str, variable: str, before_ms: int) -> None:
        """Drop what was seen in frames that end before the time."""
        self._connection.execute(
            "DELETE FROM seen WHERE station = ? AND variable = ? AND first_ms < ?3 AND last_ms < ?3",
            (station, variable, before_ms),
        )


def _fresh_text(frame: Frame) -> str:
    whole = len(frame.fresh) == frame.last_no - frame.first_no + 1
    return ALL_FRESH if whole else json.dumps(frame.fresh)
