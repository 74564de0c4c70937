# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""What a station says to its gateway in one connection, and what it makes of the answers.

The law this file keeps: only a receipt that verifies frees a record, and a record goes out once per connection, unless
a command asks for it again.
"""

from protocol.cbor import DecodeError, EncodeError
from protocol.cose import Forged
from protocol.data_encoder import encode_data
from protocol.receipts import TAG_SIZES, Refused, decode_receipt

from . import notices
from .batches import batch_of, runs, runs_by_urgency
from .envelope import Envelope
from .hal import HardwareError
from .mqtt import ProtocolError
from .session import Session

CONNECT_TIMEOUT_MS = 20_000
RECEIPT_TIMEOUT_MS = 15_000
FAREWELL_MS = 1000  # kept for leaving in order, so that the will is not published
WINDOW = 4  # batches sent and not yet receipted
GAPS_LIMIT = 16  # told in one connection; the rest in the next
WILL = b"gone"
STATE_PREFIX = "rg/1/gateway/"


class _Sent:
    """A batch that awaits its receipt; of its message only the end is kept, by which a refusal names it."""

    __slots__ = ("end", "first", "gaps", "last", "open_ranges")


class Uplink:
    """The exchange of one wake. `memory` keeps what the next one has to know, `restraint` bounds the bytes.

    `carry_out(payload)` does what a command says and returns the reply, or None where there is to be none; `orders` are
    those of earlier commands.
    """

    def __init__(self, board, configuration, queue, memory, restraint, orders, carry_out, black_box):
        self._board = board
        self._configuration = configuration
        self._envelope = Envelope(configuration)
        self._queue = queue
        self._memory = memory
        self._restraint = restraint
        self._orders = orders
        self._carry_out = carry_out
        self._black_box = black_box
        self._session = None
        self._pace = None  # asked for where there is a backlog
        self._sent = []
        self._heard_ms = 0  # when something was last sent or receipted
        self._handlers = {
            self._envelope.topic("receipt"): self._take_receipt,
            self._envelope.topic("command"): self._take_command,
        }

    def exchange(self, asleep_until_ms, deadline_ms, events=()):
        """Connect, send what is pending, take the receipts, and leave; raise HardwareError or ProtocolError.

        Return True when the broker has all that was sent, with `events`, each (name, detail, facts). For
        `asleep_until_ms()`, None without a date, is asked last, since a command may change it.
        """
        had_open_receipts = self._memory.awaits_receipts
        self._memory.awaits_receipts = True
        try:
            self._board.join_network(min(deadline_ms, self._board.monotonic_ms() + self._board.join_ms))
            connect_by_ms = min(deadline_ms, self._board.monotonic_ms() + CONNECT_TIMEOUT_MS)
            link = self._open_link(connect_by_ms)
            try:
                self._session = Session(self._board, link, self._on_message)
                self._greet(had_open_receipts, connect_by_ms)
                for name, detail, facts in events:
                    event = notices.event(self._board, self._memory, name, detail, facts)
                    self._publish("event", event, connect_by_ms)
                self._send_records(deadline_ms - FAREWELL_MS)
                self._publish_asleep(asleep_until_ms(), deadline_ms)
                self._memory.awaits_receipts = not self._await_answers(deadline_ms - FAREWELL_MS)
                self._memory.is_born = self._memory.is_born or not self._session.unacknowledged
                self._session.disconnect(deadline_ms)
                return not self._session.unacknowledged
            finally:
                link.close()
                self._restraint.spend(self._session.byte_count, self._board.utc_ms())
        finally:
            self._board.close_network()

    def _open_link(self, deadline_ms):
        configuration = self._configuration
        secure = None
        if configuration.broker_tls is not None:
            from .trust import secured

            if self._board.utc_ms() is None:
                raise HardwareError("tls: no date yet to judge a certificate by")

            def secure(connected):
                return secured(connected, configuration.broker_host, configuration.broker_tls, configuration.root)

        return self._board.open_link(configuration.broker_host, configuration.broker_port, deadline_ms, secure)

    def _login(self):
        """Return (username, password) for the broker, or None where it asks for none."""
        configuration = self._configuration
        if configuration.broker_username is None:
            return None
        from .trust import PASSWORD_PATH, read_secret

        return configuration.broker_username, read_secret(configuration.root + PASSWORD_PATH)

    def _greet(self, had_open_receipts, deadline_ms):
        client_id = self._envelope.client_id()
        if not self._session.connect(client_id, self._envelope.topic("online"), WILL, deadline_ms, self._login()):
            self._session.subscribe(sorted(self._handlers), deadline_ms)
        elif had_open_receipts or not self._memory.is_born:
            # A receipt that came while we slept saves sending its records again. What was sent before this boot is not
            # known, so its first exchange asks too.
            self._session.settle(deadline_ms)
        if not self._memory.is_born:
            birth = notices.birth(self._board, self._configuration, self._queue.log_id, self._memory)
            self._publish("birth", birth, deadline_ms, is_retained=True)

    def _send_records(self, deadline_ms):
        """Send the newest records; then the backlog, and what is to go again, as far as pace and budget allow."""
        gaps = self._queue.untold_gaps()[:GAPS_LIMIT]
        for number, run in enumerate(runs_by_urgency(self._queue)):
            if number and not self._may_send_backlog(number - 1, deadline_ms):
                return
            if not self._send_in_window(run, gaps, deadline_ms):
                return
            gaps = []
        if self._orders.range_again is not None:
            self._send_again(deadline_ms)
        self._memory.held_since_s = 0  # no backlog is left

    def _send_again(self, deadline_ms):
        first, last = self._orders.range_again
        for number, run in enumerate(runs(self._queue.held_between(first, last))):
            if not self._may_send_backlog(number, deadline_ms) or not self._send_in_window(run, [], deadline_ms):
                break
            first = run.last_no + 1
        else:
            first = last + 1
        self._orders.set_range_again(first, last)

    def _may_send_backlog(self, sent_batches, deadline_ms):
        if self._restraint.is_spent(self._session.byte_count):
            return False  # until the next day
        if self._pace is None:
            self._ask_pace(deadline_ms)
        return self._pace.allows(sent_batches, self._board.monotonic_ms())

    def _ask_pace(self, deadline_ms):
        from .pace import STATES, Pace

        self._pace = Pace(self._memory)
        try:
            self._session.subscribe([STATES], deadline_ms, qos=0)
            self._session.settle(deadline_ms)  # what is retained has come by then
        except ProtocolError as error:
            self._black_box.note("uplink", "states of gateways: %s" % error.reason)

    def _send_in_window(self, run, gaps, deadline_ms):
        """Send a run when fewer than WINDOW await their receipt; return False where that did not come in time."""
        while len(self._sent) >= WINDOW:
            if not self._wait(deadline_ms):
                return False
        self._send_run(run, gaps, deadline_ms)
        return True

    def _send_run(self, run, gaps, deadline_ms):
        sent = _Sent()
        sent.first = run.first_no
        sent.last = run.last_no
        try:
            payload = self._encode_run(run, gaps)
        except EncodeError as error:
            # It could never be sent, and must not keep others from being sent.
            self._queue.set_aside(sent.first, sent.last)
            self._black_box.note("uplink", "records %d to %d set aside: %s" % (sent.first, sent.last, error))
            return
        sent.open_ranges = [(sent.first, sent.last)]
        sent.gaps = gaps
        sent.end = self._publish("data", payload, deadline_ms)[-max(TAG_SIZES) :]
        self._sent.append(sent)

    def _encode_run(self, run, gaps):
        oldest_pending_no = self._queue.oldest_pending_no()
        receipted = gaps[0][0] if gaps else oldest_pending_no
        return encode_data(batch_of(run, self._queue.log_id, oldest_pending_no, receipted, gaps))

    def _publish_asleep(self, asleep_until_ms, deadline_ms):
        facts = {} if asleep_until_ms is None else {"until_ms": asleep_until_ms}
        event = notices.event(self._board, self._memory, "asleep", facts=facts)
        self._publish("online", event, deadline_ms, is_retained=True)

    def _publish(self, leaf, payload, deadline_ms, is_retained=False):
        """Send on one of our leaves and return the sealed message."""
        message = self._envelope.seal(leaf, payload)
        self._session.publish(self._envelope.topic(leaf), message, deadline_ms, is_retained)
        self._heard_ms = self._board.monotonic_ms()
        return message

    def _await_answers(self, deadline_ms):
        """Return True when every message was acknowledged and every record sent was receipted."""
        while self._sent or self._session.unacknowledged:
            if not self._wait(deadline_ms):
                return False
        return True

    def _wait(self, deadline_ms):
        return self._session.wait(min(deadline_ms, self._heard_ms + RECEIPT_TIMEOUT_MS))

    def _on_message(self, topic, message):
        if self._pace is not None and topic.startswith(STATE_PREFIX):
            self._pace.take(topic, message)
            return
        if topic not in self._handlers:
            self._black_box.note("uplink", "message on topic %s, which was not subscribed to" % topic)
            return
        try:
            self._handlers[topic](self._envelope.open(topic, message))
        except (Forged, DecodeError) as error:
            self._black_box.note("uplink", "message on %s dropped: %s" % (topic, error))

    def _take_receipt(self, payload):
        answer = decode_receipt(payload)
        if isinstance(answer, Refused):
            self._take_refusal(answer)
        elif answer.log_id == self._queue.log_id:
            self._queue.mark_receipted(answer.ranges)
            for sent in self._sent:
                sent.open_ranges = without(sent.open_ranges, answer.ranges)
                if not sent.open_ranges and sent.gaps:
                    self._queue.mark_gaps_told(sent.gaps)
            self._sent = [sent for sent in self._sent if sent.open_ranges]
            self._heard_ms = self._board.monotonic_ms()

    def _take_refusal(self, refusal):
        """Stop sending what the gateway cannot read; the records stay in the queue, and the gateway hears which."""
        for sent in self._sent:
            if sent.end.endswith(refusal.tag):
                self._queue.set_aside(sent.first, sent.last)
                facts = {"first": sent.first, "last": sent.last}
                self._publish_now("event", notices.event(self._board, self._memory, "refused", refusal.reason, facts))
                self._black_box.note("uplink", "refused %r: %s" % (facts, refusal.reason))
        self._sent = [sent for sent in self._sent if not sent.end.endswith(refusal.tag)]

    def _take_command(self, payload):
        reply = self._carry_out(payload)
        if reply is None:
            self._black_box.note("uplink", "a command that was already given is dropped")
        else:
            self._publish_now("reply", reply)

    def _publish_now(self, leaf, payload):
        self._publish(leaf, payload, self._board.monotonic_ms() + RECEIPT_TIMEOUT_MS)


def without(ranges, taken):
    """Return what is left of the (first, last) `ranges` when those in `taken` are removed."""
    for taken_first, taken_last in taken:
        left = []
        for first, last in ranges:
            if taken_last < first or last < taken_first:
                left.append((first, last))
                continue
            if first < taken_first:
                left.append((first, taken_first - 1))
            if taken_last < last:
                left.append((taken_last + 1, last))
        ranges = left
    return ranges
