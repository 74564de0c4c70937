# Shared dialect: runs on MicroPython, and on CPython.
"""The durable queue on flash that enforces NOR rules."""

from firmware.station import slots
from firmware.station.batches import RUN_LIMIT, runs
from firmware.station.queue import Queue
from firmware.station.ring import SLOTS_PER_BLOCK
from tests.fakes.nor_flash import NorFlash, PowerCut, RuleBroken
from tests.firmware.station.expecting import raises

CHANNELS = ((1, 2, 1, -3, 0), (1, 1, 1, -3, 0), (1, 2, 6, 0, 0))
START_MS = 1_535_587_200_000  # 2018-08-30T00:00Z
STEP_MS = 900_000


def random_bytes(count):
    return bytes(range(7, 7 + count))


def mounted(flash, configuration_no=1, channels=CHANNELS, hint=b""):
    queue = Queue(flash, configuration_no, channels)
    queue.mount(random_bytes, hint)
    return queue


def values_of(index):
    return [(4500 - index % 3000, 1), (index % 3000, 1), (7, 1)]


def fill(queue, count, first=0):
    """Append `count` records whose content follows from their number."""
    return [
        queue.append(1, (first + i) * STEP_MS, START_MS + (first + i) * STEP_MS, values_of(first + i))
        for i in range(count)
    ]


def pending(queue):
    return [record.record_no for _, record in queue.to_send()]


def test_a_record_comes_back_with_all_it_was_given():
    queue = mounted(NorFlash())
    values = [(-5, 1), (None, 3), (slots.MANTISSA_MAX, 3), (-slots.MANTISSA_MAX, 4), (0, 2)]
    number = queue.append(65535, (1 << 47) + 5, START_MS, values, is_test=True)
    (run,) = runs(queue.to_send())
    ((_, record),) = queue.to_send()
    assert (record.record_no, record.boot_no, record.monotonic_ms) == (number, 65535, (1 << 47) + 5)
    assert (record.utc_ms, record.values, record.is_test, run.is_test) == (START_MS, values, True, True)
    assert (run.configuration_no, run.channels) == (1, list(CHANNELS))


def test_a_value_that_does_not_fit_is_refused_and_nothing_is_written():
    flash = NorFlash()
    queue = mounted(flash)
    before = flash.programs
    raises(ValueError, queue.append, 1, 0, START_MS, [(slots.MANTISSA_MAX + 1, 1)])
    assert flash.programs == before
    assert pending(queue) == []


def test_records_survive_a_restart_with_and_without_the_hint():
    flash = NorFlash()
    queue = mounted(flash)
    fill(queue, 100)
    for hint in (b"", queue.hint()):
        again = mounted(flash, hint=hint)
        assert pending(again) == list(range(1, 101)), hint
        assert (again.log_id, again.next_record_no) == (queue.log_id, 101), hint
        assert again.newest_record().record_no == 100, hint


def test_a_hint_that_no_longer_holds_is_not_trusted():
    flash = NorFlash()
    queue = mounted(flash)
    fill(queue, 5)
    stale = queue.hint()
    fill(queue, 1, first=5)
    other_number = bytearray(queue.hint())
    other_number[6] += 1
    cases = {
        "a record was added": (stale, 7),
        "another record number": (bytes(other_number), 7),
        "of another length": (b"\x00" * 3, 7),
        "zeros": (b"\x00" * len(stale), 7),
        "ones": (b"\xff" * len(stale), 7),
    }
    for name, (hint, next_record_no) in sorted(cases.items()):
        assert mounted(flash, hint=hint).next_record_no == next_record_no, name
    fill(queue, SLOTS_PER_BLOCK - 6, first=6)
    stale = queue.hint()
    fill(queue, 1, first=SLOTS_PER_BLOCK)
    assert mounted(flash, hint=stale).next_record_no == SLOTS_PER_BLOCK + 2, "the block was full, another was entered"


class CountingFlash(NorFlash):
    reads = 0

    def read_into(self, offset, buffer):
        self.reads += 1
        NorFlash.read_into(self, offset, buffer)


def test_a_hint_spares_most_of_the_reading():
    flash = CountingFlash(block_count=128)
    queue = mounted(flash)
    fill(queue, 3)
    flash.reads = 0
    mounted(flash, hint=queue.hint())
    assert flash.reads <= 5, flash.reads


def test_a_mount_without_a_hint_passes_over_blocks_that_are_done():
    flash = CountingFlash(block_count=32)
    queue = mounted(flash)
    fill(queue, 30 * SLOTS_PER_BLOCK)
    queue.mark_receipted([(1, queue.next_record_no)])
    flash.reads = 0
    mounted(flash)
    assert flash.reads <= 2 * 32 + 2 * SLOTS_PER_BLOCK, flash.reads


def test_receipted_records_are_not_sent_again_and_cost_no_erase():
    flash = NorFlash()
    queue = mounted(flash)
    fill(queue, 150)
    erases = flash.erases
    assert queue.mark_receipted([(1, 60), (100, 120), (900, 1000)]) == 81
    assert queue.mark_receipted([(50, 61)]) == 1
    expected = list(range(62, 100)) + list(range(121, 151))
    assert pending(queue) == expected
    assert [run.first_no for run in runs(queue.to_send())] == [62, 62 + RUN_LIMIT, 121], "a run has no holes"
    assert queue.oldest_pending_no() == 62
    assert pending(mounted(flash)) == expected
    assert pending(mounted(flash, hint=queue.hint())) == expected
    assert flash.erases == erases
    queue.mark_receipted([(1, 150)])
    assert pending(queue) == []
    assert queue.oldest_pending_no() == 151
    assert mounted(flash).oldest_pending_no() == 151


def test_thirty_days_of_quarter_hours_fit_into_512_kib_at_no_more_than_0_02_erases_each():
    flash = NorFlash(block_count=128)
    queue = mounted(flash)
    count = 30 * 96
    for first in range(0, count, 96):
        fill(queue, 96, first)
    assert pending(queue) == list(range(1, count + 1))
    assert queue.untold_gaps() == []
    assert flash.erases / count <= 0.02, flash.erases


def test_a_full_ring_overwrites_the_oldest_and_tells_the_gap_until_it_is_known():
    flash = NorFlash(block_count=4)
    queue = mounted(flash)
    count = 11 * SLOTS_PER_BLOCK + 3  # so long that headers which told of a gap are overwritten too
    fill(queue, count)
    kept = pending(queue)
    assert kept == list(range(8 * SLOTS_PER_BLOCK + 1, count + 1))
    gaps = [(1, 8 * SLOTS_PER_BLOCK)]
    assert queue.untold_gaps() == gaps
    assert mounted(flash).untold_gaps() == gaps
    assert mounted(flash, hint=queue.hint()).untold_gaps() == gaps
    queue.mark_gaps_told(gaps)
    assert queue.untold_gaps() == []
    assert mounted(flash).untold_gaps() == []


def test_only_what_had_no_receipt_is_a_gap():
    flash = NorFlash(block_count=3)
    queue = mounted(flash)
    fill(queue, 10)
    queue.mark_receipted([(1, 4), (9, 10)])
    fill(queue, 3 * SLOTS_PER_BLOCK, first=10)
    assert queue.untold_gaps() == [(5, SLOTS_PER_BLOCK)]


def test_a_run_ends_where_a_batch_must():
    flash = NorFlash()
    queue = mounted(flash)
    fill(queue, RUN_LIMIT + 1)
    queue.append(1, 0, START_MS + 200 * STEP_MS, values_of(0), is_test=True)
    other = mounted(flash, configuration_no=2, channels=CHANNELS[:1])
    other.append(1, 0, START_MS + 201 * STEP_MS, [(1, 1)])
    third = mounted(flash, configuration_no=3, channels=CHANNELS[:1])
    third.append(1, 0, START_MS + 202 * STEP_MS, [(1, 1)])
    found = list(runs(third.to_send()))
    assert [len(run.times_ms) for run in found] == [RUN_LIMIT, 1, 1, 1, 1]
    assert [run.is_test for run in found] == [False, False, True, False, False]
    assert [run.configuration_no for run in found] == [1, 1, 1, 2, 3]
    assert [len(run.channels) for run in found] == [3, 3, 3, 1, 1]


def from_start(monotonic_ms):
    return START_MS + monotonic_ms


def test_records_without_a_clock_wait_and_are_dated_once():
    flash = NorFlash()
    queue = mounted(flash)
    fill(queue, 2)
    for boot_no in (7, 8, 8):
        queue.append(boot_no, boot_no * 1000 + queue.next_record_no, None, values_of(0))
    assert pending(queue) == [1, 2]
    offset = START_MS + 10 * STEP_MS
    assert queue.date_records(8, lambda monotonic_ms: offset + monotonic_ms) == 2
    assert queue.date_records(8, lambda monotonic_ms: offset + 5 + monotonic_ms) == 0
    dates = [record.utc_ms for _, record in mounted(flash).to_send()]
    assert dates == [START_MS, START_MS + STEP_MS, offset + 8004, offset + 8005]


def test_a_stepped_clock_never_dates_a_record_before_an_earlier_one():
    queue = mounted(NorFlash())
    fill(queue, 3)
    queue.append(1, 500, None, values_of(0))
    assert queue.date_records(1, from_start) == 0
    assert pending(queue) == [1, 2, 3]


def test_a_worn_slot_is_passed_over():
    class Worn(NorFlash):
        def program(self, offset, data):
            NorFlash.program(self, offset, data)
            if offset == slots.HEADER_BYTES + slots.SLOT_BYTES:
                self.content[offset + 20] &= 0x00

    flash = Worn()
    queue = mounted(flash)
    fill(queue, 3)
    assert pending(queue) == pending(mounted(flash)) == [1, 2, 3]


def test_a_record_damaged_on_flash_is_left_out_and_the_others_stay():
    flash = NorFlash()
    queue = mounted(flash)
    fill(queue, 3)
    at = slots.HEADER_BYTES + slots.SLOT_BYTES + 20
    flash.content[at] ^= 0x10
    assert pending(mounted(flash)) == [1, 3]


def test_flash_refuses_to_set_bits_and_to_cross_pages():
    flash = NorFlash()
    flash.program(0, b"\x0f")
    raises(RuleBroken, flash.program, 0, b"\x1f")
    raises(RuleBroken, flash.program, 250, b"\x00" * 10)


class Station:
    """What happens to a queue in use, with a note of what the queue said it had done."""

    def __init__(self, flash):
        self.flash = flash
        self.appended = 0
        self.receipted = 0  # a receipt up to here was begun, so a cut may have kept any part of it
        self.undated = set()  # records whose date a cut has torn: they stay, undated, and are never dated wrongly

    def run(self, cycles):
        queue = mounted(self.flash)
        for _ in range(cycles):
            index = queue.next_record_no - 1
            self.appended = queue.append(1, index * STEP_MS, None, values_of(index))
            queue.date_records(1, from_start)
            if index % 7 == 6:
                self.receipted = self.appended - 2
                queue.mark_receipted([(queue.oldest_pending_no(), self.receipted)])
                queue.mark_gaps_told(queue.untold_gaps())

    def check(self, cut):
        queue = mounted(self.flash)
        for _, record in queue.to_send():
            assert record.values == values_of(record.record_no - 1), cut
            assert record.utc_ms == START_MS + (record.record_no - 1) * STEP_MS, cut
        queue.date_records(1, from_start)
        held = pending(queue)
        assert held == sorted(set(held)), cut
        # One more may be there: written whole, but cut before the queue could say so.
        assert self.appended <= queue.next_record_no - 1 <= self.appended + 1, cut
        first = max(self.receipted + 1, queue.next_record_no - 1 - (self.flash.block_count - 1) * SLOTS_PER_BLOCK)
        missing = set(range(first, self.appended + 1)) - set(held) - self.undated
        assert len(missing) <= (1 if cut == "program" else 0), (cut, sorted(missing))
        for record_no in missing:
            assert self.is_there_undated(queue, record_no), (cut, record_no)
        self.undated |= missing
        self.appended = fill(queue, 1, queue.next_record_no - 1)[0]
        assert pending(queue)[-1] == self.appended, cut

    def is_there_undated(self, queue, record_no):
        return any(r.record_no == record_no and r.utc_ms is None for _, _, r in queue._ring.walk((0, 0)))


def test_every_record_survives_a_power_cut_at_every_write_and_erase():
    cycles = 3 * SLOTS_PER_BLOCK
    counts = {"program": 0, "erase": 0}
    cut_at = 0
    while True:
        cut_at += 1
        flash = NorFlash(block_count=3, seed=cut_at)
        station = Station(flash)
        flash.cut_at = cut_at
        try:
            station.run(cycles)
            break
        except PowerCut:
            counts[flash.cut_in] += 1
            flash.cut_at = 0
            station.check(flash.cut_in)
    assert counts["program"] > 2 * cycles and counts["erase"] >= 3, counts


def test_the_power_may_go_again_and_again():
    flash = NorFlash(block_count=3, seed=5)
    station = Station(flash)
    for round_no in range(300):
        flash.cut_at = 1 + round_no * 7 % 31
        try:
            station.run(1000)
        except PowerCut:
            flash.cut_at = 0
            station.check(flash.cut_in)
    assert station.appended > 1000
