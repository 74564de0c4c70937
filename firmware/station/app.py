# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""The station's wake: measure what is due, keep it, send it, sleep until the next instant.

The law this file keeps: a phase that fails is noted, and the next one goes on; whatever happens, the board ends in deep
sleep until the next instant is due, and nothing but a due instant decides when that is.
"""

from protocol import quality

from .blackbox import BlackBox
from .clock import Clock
from .dating import Dating
from .hal import BROWN_OUT, DEEP_SLEEP, POWER_ON, HardwareError
from .health import Counters
from .instants import Instants
from .intervals import intervals_for
from .loading import PassingModules
from .memory import Memory, count_boot, recall
from .orders import Orders
from .power import SLEEP, Power
from .queue import Queue
from .sampler import Sampler
from .schedule import skipped_instants
from .trial import Trial

WAKE_UP_MS = 1000  # from the start of the processor to the first line here, and a little more
UPLINK_MARGIN_MS = 2000  # between the end of the uplink and the wake for the next instant
SHORTEST_UPLINK_MS = 3000  # not worth a connection if less is left
FAILED_START_SLEEP_MS = 900_000
CLOCK_STEP_MS = 60_000  # a clock that gained more between two records was put forward


def run(board, root=""):
    """Do one wake; does not return, since deep sleep ends the run."""
    black_box = BlackBox(board, root)
    trial = Trial(root)
    try:
        configuration = _read_configuration(trial)
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
        wake.put_sensors_away,
        wake.set_clock,
        wake.date_records,
        wake.send,
        wake.leave_network,
        wake.remember,
        wake.tell_console,
    ):
        board.feed_watchdog()
        try:
            phase()
        except Exception as error:
            black_box.note_exception(phase.__name__, error)
    if wake.wants_reset:
        board.reset()
    board.deep_sleep_until(wake.next_wake_ms())


def _read_configuration(trial):
    with PassingModules():
        from . import config

        return trial.configuration(config.load)


class Wake:
    """One wake and its phases, in the order in which `run` calls them."""

    def __init__(self, board, configuration, trial, black_box, root):
        self._board = board
        self._configuration = configuration
        self._trial = trial
        self._orders = Orders(root)
        self._orders.apply_to(configuration, trial.is_on)
        self._black_box = black_box
        if configuration.modem is not None:
            board.use_modem(configuration.modem)
        self._sampler = Sampler(board, configuration.sensors, black_box)
        # After a watchdog or a reset the memory is older than what was done since: message numbers would come again.
        self._memory = recall(board.rtc_memory()) if board.reset_cause() == DEEP_SLEEP else Memory()
        self._clock = Clock(board, root, self._memory.clock)
        self._power = Power(configuration.power, self._memory.power, board.reset_cause() in (POWER_ON, BROWN_OUT))
        self._power.begin(board.monotonic_ms(), self._battery_v() if configuration.power is not None else None)
        channels = self._sampler.channels()
        self._queue = Queue(board.queue_flash(), configuration.configuration_no, channels)
        self._intervals = intervals_for(configuration, channels, self._memory.intervals, self._power.tier)
        self._queue.mount(board.random_bytes, self._memory.queue_hint)
        self._counters = Counters(root, self._memory.counters)
        if self._power.has_fallen:
            self._counters.add_low_voltage()
        self.wants_reset = False  # a command asked for a new start
        self._has_measured = False  # a record that can be sent now
        newest = self._queue.newest_record()  # of the wakes before
        if self._memory.is_new_boot:
            self._counters.add_reset(board.reset_cause())
            self._memory.boot_no = count_boot(root, newest.boot_no if newest else 0)
        self._instants = Instants(board, self._clock, newest, self._memory.boot_no)
        self._dating = Dating(self._queue, self._clock, self._memory)
        if self._queue.has_new_configuration():
            self._memory.is_born = False

    def explain_skipped(self):
        """Record a null, with its reason, for every instant that passed while the station was off."""
        last_ms = self._instants.last_ms()
        if last_ms is None or self._queue.has_new_configuration():
            return
        now_ms, due_ms = self._instants.now_ms(), self._due_ms()
        # A clock put forward passes over instants at which the station did run.
        was_running = self._instants.is_passed_over(due_ms, CLOCK_STEP_MS)
        reason = quality.NOT_DATED if was_running else quality.STATION_OFF
        if self._power.was_asleep:  # to save the battery
            reason = quality.NO_POWER
        values = [(None, reason)] * len(self._sampler.channels())
        for instant_ms in skipped_instants(last_ms, due_ms, self._intervals.record_every_ms):
            if instant_ms <= now_ms:  # a station that falls asleep now explains the others when it looks up
                self._append(instant_ms, values)
                self._counters.add("skipped_instants")
                self._intervals.forget_samples()

    def measure(self):
        """Take the sample that is due about now; one that is further ahead is left to the next wake."""
        due_ms = self._due_ms()
        if due_ms - self._instants.now_ms() > self._sampler.lead_ms() + 2 * WAKE_UP_MS:
            return
        # Before anything can fail: an instant is tried once, or a lasting fault would wake the station without end.
        self._instants.attempted_ms = due_ms
        monotonic_ms = self._instants.monotonic_at(due_ms)
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
            self._black_box.note("trigger", "raised by " + self._intervals.reason)

    def put_sensors_away(self):
        """Let go of what only measuring needs."""
        self._counters.add_faults(self._sampler.put_away())

    def set_clock(self):
        """Ask the time server when that is due, whatever became of the broker."""
        if self._configuration.time_server is None or not self._clock.is_to_be_asked():
            return
        if not self._power.may_use_radio(self._intervals.is_raised):
            return
        self._dating.finish_torn()  # first: the answer of the server makes the clock forget the boot before
        was_known = self._clock.utc_ms() is not None
        host, port = self._configuration.time_server
        began_ms = self._board.monotonic_ms()
        try:
            remark = self._clock.synchronise(host, port, self._memory.boot_no, self.next_wake_ms() - UPLINK_MARGIN_MS)
        finally:
            self._power.note_radio(self._board.monotonic_ms() - began_ms)
        if self._clock.utc_ms() is not None and not was_known:
            self._instants.take_up_clock()
        if remark is not None:
            self._black_box.note("clock", remark)

    def date_records(self):
        """Give undated records their dates; those that no clock will ever date go with a guess, and marked so."""
        self._dating.date_records(self._board.monotonic_ms())

    def send(self):
        """Exchange with the gateway when that is due, something is unreceipted, or this boot was not told yet."""
        if not self._power.may_use_radio(self._intervals.is_raised):
            self._trial.spare_wake()
            return
        is_urgent = self._intervals.has_begun or self._power.has_news or self._trial.is_on
        attempted_ms = self._instants.attempted_ms
        is_due = attempted_ms is not None and attempted_ms % self._intervals.send_every_ms == 0
        if not (is_urgent or is_due or self._memory.awaits_receipts or not self._memory.is_born):
            return
        deadline_ms = self.next_wake_ms() - UPLINK_MARGIN_MS
        if deadline_ms - self._board.monotonic_ms() < SHORTEST_UPLINK_MS:
            return
        from .restraint import Restraint

        was_cut_off = self._memory.awaits_receipts
        restraint = Restraint(self._board, self._memory, self._configuration.bytes_per_day)
        if restraint.holds_back() and not is_urgent:
            return
        from .mqtt import ProtocolError
        from .reports import Reports
        from .uplink import Uplink

        reports = Reports(self._board, self._memory, self._black_box)
        events = reports.due(self._clock.utc_ms(), self._queue, self._clock, self._power, self._counters)
        configuration, queue, memory = self._configuration, self._queue, self._memory
        uplink = Uplink(
            self._board, configuration, queue, memory, restraint, self._orders, self._carry_out, self._black_box
        )
        began_ms = self._board.monotonic_ms()
        try:
            outcome = self._trial.outcome()
            if outcome:
                events.append(outcome)
            if uplink.exchange(self._asleep_until_ms, deadline_ms, events):
                reports.told(self._clock.utc_ms(), self._counters)
                if outcome:
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
        self._memory.counters = self._counters.pack()
        self._memory.power = self._power.pack(self._board.monotonic_ms())
        self._board.set_rtc_memory(self._memory.pack())

    def tell_console(self):
        """Say where the station stands, for whoever commissions it."""
        asleep_s = (self.next_wake_ms() - self._board.monotonic_ms()) // 1000
        numbers = (self._queue.next_record_no, self._queue.oldest_pending_no(), asleep_s)
        print("wake: next record %d, oldest unreceipted %d, asleep for %d s" % numbers)

    def next_wake_ms(self):
        """Return the monotonic time at which to wake for the next instant."""
        return self._instants.monotonic_at(self._due_ms()) - self._sampler.lead_ms() - WAKE_UP_MS

    def _carry_out(self, command_payload):
        with PassingModules():
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
                self._counters,
            )
            reply = carry_out(command_payload, station)
        # It may have set others: they hold from the next instant on, for which this wake has yet to set the alarm.
        self._intervals = intervals_for(
            self._configuration, self._sampler.channels(), self._intervals.pack(), self._power.tier
        )
        self.wants_reset = self.wants_reset or station.wants_reset
        return reply

    def _battery_v(self):
        try:
            return self._board.battery_v()
        except Exception as error:
            self._black_box.note_exception("battery", error)
            return None

    def _asleep_until_ms(self):
        return self._due_ms() if self._clock.utc_ms() is not None else None

    def _due_ms(self):
        return self._instants.due_ms(self._intervals.wake_every_ms)

    def _append(self, instant_ms, values):
        self._dating.append(instant_ms, self._instants.monotonic_at(instant_ms), values, self._orders.is_test)
