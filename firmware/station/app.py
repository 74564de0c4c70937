# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""The station's wake: measure what is due, keep it, send it, sleep until the next instant.

The law this file keeps: a phase that fails is noted, and the next one goes on; whatever happens, the board ends in deep
sleep until the next instant is due, and nothing but a due instant decides when that is.
"""

from protocol import quality

from . import config
from .blackbox import BlackBox
from .clock import Clock
from .hal import DEEP_SLEEP, HardwareError
from .memory import Memory, count_boot, recall
from .orders import Orders
from .power import LOG_ONLY, SLEEP, Power, sleep_look_every_ms
from .queue import Queue
from .sampler import Sampler
from .schedule import FixedIntervals, due_instant, skipped_instants
from .trial import Trial

WAKE_UP_MS = 1000  # from the start of the processor to the first line here, and a little more
UPLINK_MARGIN_MS = 2000  # between the end of the uplink and the wake for the next instant
SHORTEST_UPLINK_MS = 3000  # not worth a connection if less is left
FAILED_START_SLEEP_MS = 900_000
UNDATED_LIMIT_MS = 24 * 3_600_000  # how long a record waits for a clock before it goes with a guessed date
CLOCK_STEP_MS = 60_000  # a clock that gained more between two records was put forward


def run(board, root=""):
    """Do one wake; does not return, since deep sleep ends the run."""
    black_box = BlackBox(board, root)
    trial = Trial(root)
    try:
        configuration = trial.configuration(config.load)
        wake = Wake(board, configuration, trial, black_box, root)
    except Exception as error:
        black_box.note_exception("start", error)
        if trial.is_on:
            trial.revert(error)
            board.reset()
        board.deep_sleep_until(board.monotonic_ms() + FAILED_START_SLEEP_MS)
    for phase in (
        wake.explain_skipped,
        wake.measure,
        wake.set_clock,
        wake.date_records,
        wake.send,
        wake.leave_network,
        wake.remember,
    ):
        board.feed_watchdog()
        try:
            phase()
        except Exception as error:
            black_box.note_exception(phase.__name__, error)
    if wake.wants_reset:
        board.reset()
    board.deep_sleep_until(wake.next_wake_ms())


class Wake:
    """One wake and its phases, in the order in which `run` calls them.

    Instants are counted in UTC where the board has it, else in monotonic time; `_ahead_ms` turns one into the other.
    """

    def __init__(self, board, configuration, trial, black_box, root):
        self._board = board
        self._configuration = configuration
        self._trial = trial
        self._orders = Orders(root, configuration.configuration_no)
        self._orders.apply_to(configuration)
        self._black_box = black_box
        if configuration.modem is not None:
            board.use_modem(configuration.modem)
        self._sampler = Sampler(board, configuration.sensors, black_box)
        # After a watchdog or a reset the memory is older than what was done since: message numbers would come again.
        self._memory = recall(board.rtc_memory()) if board.reset_cause() == DEEP_SLEEP else Memory()
        self._clock = Clock(board, root, self._memory.clock)
        self._power = Power(configuration.power, self._memory.power)
        self._power.begin(board.monotonic_ms(), self._battery_v() if configuration.power is not None else None)
        channels = self._sampler.channels()
        self._queue = Queue(board.queue_flash(), configuration.configuration_no, channels)
        self._intervals = _intervals(configuration, channels, self._memory.intervals, self._power.tier)
        self._queue.mount(board.random_bytes, self._memory.queue_hint)
        self._newest = self._queue.newest_record()  # of the wakes before
        self.wants_reset = False  # a command asked for a new start
        self._has_measured = False  # a record that can be sent now
        self._attempted_ms = None  # the instant this wake has measured, or failed to
        if self._memory.is_new_boot:
            self._memory.boot_no = count_boot(root, self._newest.boot_no if self._newest else 0)
        if self._queue.has_new_configuration():
            self._memory.is_born = False

    def explain_skipped(self):
        """Record a null, with its reason, for every instant that passed while the station was off."""
        last_ms = self._last_ms()
        if last_ms is None or self._queue.has_new_configuration():
            return
        # A clock put forward passes over instants at which the station did run.
        now_ms, due_ms = self._now_ms(), self._due_ms()
        elapsed_ms = self._board.monotonic_ms() - self._newest.monotonic_ms
        was_running = self._newest.boot_no == self._memory.boot_no and elapsed_ms < due_ms - last_ms - CLOCK_STEP_MS
        reason = quality.NOT_DATED if was_running else quality.STATION_OFF
        if self._power.was_asleep:  # to save the battery
            reason = quality.NO_POWER
        values = [(None, reason)] * len(self._sampler.channels())
        for instant_ms in skipped_instants(last_ms, due_ms, self._intervals.record_every_ms):
            if instant_ms <= now_ms:  # a station that falls asleep now explains the others when it looks up
                self._append(instant_ms, values)
                self._intervals.forget_samples()

    def measure(self):
        """Take the sample that is due about now; one that is further ahead is left to the next wake."""
        due_ms = self._due_ms()
        if due_ms - self._now_ms() > self._sampler.lead_ms() + 2 * WAKE_UP_MS:
            return
        # Before anything can fail: an instant is tried once, or a lasting fault would wake the station without end.
        self._attempted_ms = due_ms
        monotonic_ms = self._monotonic_at(due_ms)
        if self._power.tier == SLEEP:
            self._append(due_ms, self._sampler.spare())
            return
        began_ms = self._board.monotonic_ms()
        sample = self._sampler.measure(monotonic_ms)
        self._power.note_sensors(self._board.monotonic_ms() - began_ms)
        for instant_ms, values in self._intervals.take(due_ms, monotonic_ms, sample):
            self._append(instant_ms, values)
            self._has_measured = self._clock.utc_ms() is not None
        if self._intervals.has_begun:
            self._black_box.note("trigger", "raised: a record every %d ms" % self._intervals.record_every_ms)

    def set_clock(self):
        """Ask the time server when that is due, whatever became of the broker."""
        if self._configuration.time_server is None or not self._clock.is_to_be_asked():
            return
        if not self._power.may_use_radio(self._intervals.is_raised):
            return
        if not self._memory.is_born and self._queue.has_undated():
            # Dates that a power cut has torn are finished first; only the clock of the boot before knows them.
            boot_no, utc_at = self._clock.boot_last_dated()
            self._queue.date_records(boot_no, utc_at, quality.SYNCHRONISED)
        was_known = self._clock.utc_ms() is not None
        host, port = self._configuration.time_server
        began_ms = self._board.monotonic_ms()
        try:
            remark = self._clock.synchronise(host, port, self._memory.boot_no, self.next_wake_ms() - UPLINK_MARGIN_MS)
        finally:
            self._power.note_radio(self._board.monotonic_ms() - began_ms)
        if self._clock.utc_ms() is not None and not was_known and self._attempted_ms is not None:
            self._attempted_ms = self._clock.utc_at(self._attempted_ms)
        if remark is not None:
            self._black_box.note("clock", remark)

    def date_records(self):
        """Give undated records their dates; those that no clock will ever date go with a guess, and marked so."""
        queue, memory = self._queue, self._memory
        if not memory.may_have_undated:
            return
        is_known = self._clock.utc_ms() is not None
        if is_known:
            queue.date_records(memory.boot_no, self._clock.utc_at, self._clock.quality())
        given_up_ms = self._board.monotonic_ms() - UNDATED_LIMIT_MS

        def is_given_up(record):
            return is_known or given_up_ms >= (record.monotonic_ms if record.boot_no == memory.boot_no else 0)

        queue.date_by_guess(is_given_up, quality.UNSYNCHRONISED, memory.boot_no if is_known else None)
        memory.may_have_undated = queue.has_undated()

    def send(self):
        """Exchange with the gateway when that is due, something is unreceipted, or this boot was not told yet."""
        if not self._power.may_use_radio(self._intervals.is_raised):
            return
        is_urgent = self._intervals.has_begun or self._power.has_news or self._trial.is_on
        is_due = self._attempted_ms is not None and self._attempted_ms % self._intervals.send_every_ms == 0
        if not (is_urgent or is_due or self._memory.awaits_receipts or not self._memory.is_born):
            return
        deadline_ms = self.next_wake_ms() - UPLINK_MARGIN_MS
        if deadline_ms - self._board.monotonic_ms() < SHORTEST_UPLINK_MS:
            return
        from .mqtt import ProtocolError
        from .restraint import Restraint
        from .uplink import Uplink

        was_cut_off = self._memory.awaits_receipts
        restraint = Restraint(self._board, self._memory, self._configuration.bytes_per_day)
        if restraint.holds_back() and not is_urgent:
            return
        configuration, queue, memory = self._configuration, self._queue, self._memory
        uplink = Uplink(
            self._board, configuration, queue, memory, restraint, self._orders, self._carry_out, self._black_box
        )
        began_ms = self._board.monotonic_ms()
        try:
            asleep_until_ms = self._due_ms() if self._clock.utc_ms() is not None else None
            outcome = self._trial.outcome()
            if uplink.exchange(asleep_until_ms, deadline_ms, [outcome] if outcome else []) and outcome:
                self._trial.forget_outcome()
        except (HardwareError, ProtocolError) as error:
            # Said once, when it begins: a network that is away for days must not push other notes out.
            if not was_cut_off:
                self._black_box.note("uplink", error.reason)
        finally:
            restraint.note_exchange(was_answered=not self._memory.awaits_receipts)
            self._power.note_exchange()
            self._power.note_radio(self._board.monotonic_ms() - began_ms)
        if self._trial.is_on and self._has_measured and not memory.awaits_receipts:
            self._trial.confirm()

    def leave_network(self):
        """Switch the radio off; the time and the records shared one joining of the network."""
        self._board.close_network()

    def remember(self):
        """Keep what the next wake has to know."""
        self._memory.queue_hint = self._queue.hint()
        self._memory.clock = self._clock.pack()
        self._memory.intervals = self._intervals.pack()
        self._memory.power = self._power.pack(self._board.monotonic_ms())
        self._board.set_rtc_memory(self._memory.pack())

    def next_wake_ms(self):
        """Return the monotonic time at which to wake for the next instant."""
        return self._monotonic_at(self._due_ms()) - self._sampler.lead_ms() - WAKE_UP_MS

    def _carry_out(self, command_payload):
        from .commands import Station, carry_out

        station = Station(
            self._board,
            self._configuration,
            self._trial,
            self._orders,
            self._memory,
            self._queue,
            self._clock,
            self._power,
        )
        reply = carry_out(command_payload, station)
        self.wants_reset = self.wants_reset or station.wants_reset
        return reply

    def _battery_v(self):
        try:
            return self._board.battery_v()
        except Exception as error:
            self._black_box.note_exception("battery", error)
            return None

    def _now_ms(self):
        utc_ms = self._clock.utc_ms()
        return self._board.monotonic_ms() if utc_ms is None else utc_ms

    def _monotonic_at(self, instant_ms):
        return instant_ms if self._clock.utc_ms() is None else self._clock.monotonic_at(instant_ms)

    def _due_ms(self):
        last_ms = self._attempted_ms if self._attempted_ms is not None else self._last_ms()
        return due_instant(self._now_ms(), self._intervals.wake_every_ms, last_ms)

    def _last_ms(self):
        """Return the last instant recorded before this wake, as `_now_ms` counts; None where the queue cannot tell."""
        if self._newest is None:
            return None
        if self._clock.utc_ms() is not None:
            return self._newest.utc_ms if self._newest.clock_quality != quality.UNSYNCHRONISED else None
        return self._newest.monotonic_ms if self._newest.boot_no == self._memory.boot_no else None

    def _append(self, instant_ms, values):
        utc_ms = instant_ms if self._clock.utc_ms() is not None else None
        # A clock that was set back must not make times fall: such a record stays undated.
        if utc_ms is not None and utc_ms <= self._queue.newest_utc_ms():
            utc_ms = None
        self._memory.may_have_undated = self._memory.may_have_undated or utc_ms is None
        # An instant just before the power came back has no monotonic time of this boot.
        monotonic_ms = max(0, self._monotonic_at(instant_ms))
        clock_quality = self._clock.quality() if utc_ms is not None else 0
        is_test = self._orders.is_test
        self._queue.append(self._memory.boot_no, monotonic_ms, utc_ms, values, is_test, clock_quality)


def _intervals(configuration, channels, kept, tier):
    if configuration.adaptive is None or tier >= LOG_ONLY:
        intervals = FixedIntervals(configuration)
        if tier == SLEEP:
            intervals.wake_every_ms = sleep_look_every_ms(configuration.record_every_ms)
        return intervals
    from .adaptive import AdaptiveIntervals

    return AdaptiveIntervals(configuration, channels, kept)
