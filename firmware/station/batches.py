# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""Runs of records from the queue as batches for the wire."""

from protocol.batch import Batch, Channel, Column
from protocol.quality import GOOD


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
        columns.append(Column(channel, mantissas, null_reasons, qualities))
    return Batch(
        log_id,
        run.records[0].record_no,
        [record.utc_ms for record in run.records],
        columns,
        run.configuration_no,
        oldest_held,
        receipted,
        gaps=gaps,
        test=run.is_test,
    )
