# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""Records from the queue, gathered into batches for the wire."""

from protocol.batch import Batch, Channel, Column
from protocol.quality import GOOD
from protocol.variables import TOTAL

from .slots import VALUE_BYTES, decode_values

RUN_LIMIT = 32  # records in one batch: more of nine values do not fit beside the rest into a heap of 192 KiB
NEWEST_LIMIT = 16  # records that go ahead of a backlog: those from before a trigger among them


class Run:
    """Neighbouring records that can travel in one batch: rising by one, alike in configuration, clock and test mark.

    Of each only its time and its packed values are kept: a hundred have to fit into a small heap.
    """

    __slots__ = ("channels", "clock_quality", "configuration_no", "first_no", "is_test", "packed_values", "times_ms")

    def __init__(self, header, record):
        self.configuration_no = header.configuration_no
        self.channels = header.channels
        self.is_test = record.is_test
        self.clock_quality = record.clock_quality
        self.first_no = record.record_no
        self.times_ms = [record.utc_ms]
        self.packed_values = bytearray(record.packed_values)

    @property
    def last_no(self):
        return self.first_no + len(self.times_ms) - 1

    def add(self, record):
        self.times_ms.append(record.utc_ms)
        self.packed_values += record.packed_values

    def add_before(self, record):
        self.first_no = record.record_no
        self.times_ms.insert(0, record.utc_ms)
        self.packed_values = bytearray(record.packed_values) + self.packed_values

    def cut_at(self, record_no):
        """Leave out this record and those after it; return whether any are left."""
        left = max(0, record_no - self.first_no)
        self.times_ms = self.times_ms[:left]
        self.packed_values = self.packed_values[: left * VALUE_BYTES * len(self.channels)]
        return left > 0

    def value(self, index, place):
        """Return (mantissa, quality), or (None, reason), of one record in one channel."""
        return decode_values(self.packed_values, VALUE_BYTES * (index * len(self.channels) + place), 1)[0]


def runs(records):
    """Yield (Header, Record) of a queue, oldest first, gathered into Runs of at most RUN_LIMIT records."""
    run = None
    for header, record in records:
        if run is not None and not _continues(run, header, record):
            yield run
            run = None
        if run is None:
            run = Run(header, record)
        else:
            run.add(record)
    if run is not None:
        yield run


def runs_by_urgency(queue):
    """Yield what there is to send as Runs: where it fills more than one, the newest records first, then the oldest."""
    newest_no = None  # the first of the newest records, which were yielded
    for run in runs(queue.to_send()):
        if newest_no is None:
            newest = _newest_run(queue)
            newest_no = newest.first_no
            if run.last_no < newest_no:
                yield newest
                newest = None  # its memory is for the runs that follow
            else:
                newest_no = run.first_no  # it holds the newest; what follows, if anything, is not sent already
                yield run
                continue
        if run.cut_at(newest_no):
            yield run


def _newest_run(queue):
    """Return the Run of the newest records, NEWEST_LIMIT at most."""
    run = None
    for header, record in queue.newest_to_send():
        if run is None:
            run = Run(header, record)
        elif len(run.times_ms) < NEWEST_LIMIT and _precedes(run, header, record):
            run.add_before(record)
        else:
            break
    return run


class _Columns:
    """The columns of a Run, each made when it is asked for: all of them take more memory than the rest of a batch."""

    def __init__(self, run):
        self._run = run

    def __len__(self):
        return len(self._run.channels)

    def __iter__(self):
        for place in range(len(self)):
            yield self[place]

    def __getitem__(self, place):
        sensor_no, variable, statistic, exponent, interval_s = self._run.channels[place]
        mantissas = []
        null_reasons = {}
        qualities = {}
        for index in range(len(self._run.times_ms)):
            mantissa, code = self._run.value(index, place)
            mantissas.append(mantissa)
            if mantissa is None:
                null_reasons[index] = code
            elif code != GOOD:
                qualities[index] = code
        channel = Channel(sensor_no, variable, statistic, interval_s, exponent)
        resets = _resets(mantissas) if statistic == TOTAL else None
        return Column(channel, mantissas, null_reasons, qualities, resets)


def batch_of(run, log_id, oldest_held, receipted, gaps):
    """Return the Run as a Batch, with the window and the gaps of the queue it comes from."""
    return Batch(
        log_id,
        run.first_no,
        run.times_ms,
        _Columns(run),
        run.configuration_no,
        oldest_held,
        receipted,
        clock_quality=run.clock_quality,
        gaps=gaps,
        test=run.is_test,
    )


def _resets(totals):
    """Return the indices of the totals that are less than the one before: their counter began again."""
    resets = []
    last = None
    for index, total in enumerate(totals):
        if total is not None:
            if last is not None and total < last:
                resets.append(index)
            last = total
    return resets


def _continues(run, header, record):
    """True when the record may follow in the same batch."""
    return (
        len(run.times_ms) < RUN_LIMIT
        and record.record_no == run.last_no + 1
        and record.utc_ms > run.times_ms[-1]
        and _is_alike(run, header, record)
    )


def _precedes(run, header, record):
    """True when the record may come before those of the run in the same batch."""
    return record.record_no == run.first_no - 1 and record.utc_ms < run.times_ms[0] and _is_alike(run, header, record)


def _is_alike(run, header, record):
    return (
        record.is_test == run.is_test
        and record.clock_quality == run.clock_quality
        and header.configuration_no == run.configuration_no
        and header.channels == run.channels
    )
