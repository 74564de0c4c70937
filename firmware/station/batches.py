# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""Records from the queue, gathered into batches for the wire."""

from protocol.batch import Batch, Channel, Column
from protocol.quality import GOOD
from protocol.variables import TOTAL

RUN_LIMIT = 96  # records in one batch
NEWEST_LIMIT = 16  # records that go ahead of a backlog: those from before a trigger among them


class Run:
    """Neighbouring records that can travel in one batch: rising by one, alike in configuration, clock and test mark."""

    __slots__ = ("channels", "clock_quality", "configuration_no", "is_test", "records")

    def __init__(self, header, record):
        self.configuration_no = header.configuration_no
        self.channels = header.channels
        self.is_test = record.is_test
        self.clock_quality = record.clock_quality
        self.records = []


def runs(records):
    """Yield (Header, Record) of a queue, oldest first, gathered into Runs of at most RUN_LIMIT records."""
    run = None
    for header, record in records:
        if run is not None and not _continues(run, header, record):
            yield run
            run = None
        if run is None:
            run = Run(header, record)
        run.records.append(record)
    if run is not None:
        yield run


def runs_by_urgency(queue):
    """Yield what there is to send as Runs: where it fills more than one, the newest records first, then the oldest."""
    newest = None
    for run in runs(queue.to_send()):
        if newest is None:
            newest = _newest_run(queue)
            if run.records[-1].record_no < newest.records[0].record_no:
                yield newest
            else:
                newest = run  # which holds the newest records; what follows, if anything, is not sent already
                yield run
                continue
        run.records = [record for record in run.records if not _is_in(newest, record)]
        if run.records:
            yield run


def _newest_run(queue):
    """Return the Run of the newest records, NEWEST_LIMIT at most."""
    run = None
    for header, record in queue.newest_to_send():
        if run is None:
            run = Run(header, record)
            run.records.append(record)
        elif len(run.records) < NEWEST_LIMIT and _precedes(run, header, record):
            run.records.insert(0, record)
        else:
            break
    return run


def _is_in(run, record):
    return run.records[0].record_no <= record.record_no <= run.records[-1].record_no


def batch_of(run, log_id, oldest_held, receipted, gaps):
    """Return the Run as a Batch, with the window and the gaps of the queue it comes from."""
    columns = []
    for place, (sensor_no, variable, statistic, exponent, interval_s) in enumerate(run.channels):
        mantissas = []
        null_reasons = {}
        qualities = {}
        for index, record in enumerate(run.records):
            mantissa, code = record.values[place]
            mantissas.append(mantissa)
            if mantissa is None:
                null_reasons[index] = code
            elif code != GOOD:
                qualities[index] = code
        channel = Channel(sensor_no, variable, statistic, interval_s, exponent)
        resets = _resets(mantissas) if statistic == TOTAL else None
        columns.append(Column(channel, mantissas, null_reasons, qualities, resets))
    return Batch(
        log_id,
        run.records[0].record_no,
        [record.utc_ms for record in run.records],
        columns,
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
    last = run.records[-1]
    return (
        len(run.records) < RUN_LIMIT
        and record.record_no == last.record_no + 1
        and record.utc_ms > last.utc_ms
        and _is_alike(run, header, record)
    )


def _precedes(run, header, record):
    """True when the record may come before those of the run in the same batch."""
    first = run.records[0]
    return record.record_no == first.record_no - 1 and record.utc_ms < first.utc_ms and _is_alike(run, header, record)


def _is_alike(run, header, record):
    return (
        record.is_test == run.is_test
        and record.clock_quality == run.clock_quality
        and header.configuration_no == run.configuration_no
        and header.channels == run.channels
    )
