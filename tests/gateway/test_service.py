"""The gateway on a real broker: from sealed messages to observations and receipts."""

from gateway.observations import Observation
from protocol.quality import GOOD, MISSING, NO_READING
from tests.fakes.publisher import RECORD_EVERY_MS, START_MS, stage_batch

FOREVER_MS = (0, 2**62)


def test_a_sealed_message_is_stored_and_receipted(bench):
    bench.start()
    with bench.station("upper") as upper:
        upper.publish(stage_batch(0, [500, None]))
        assert upper.has_receipts(7, 0, 1)
    observations = bench.store.read_observations("upper", *FOREVER_MS)
    stages = [each for each in observations if each.variable == "stage_m"]
    common = {"log_id": 7, "configuration_no": 1, "received_at_ms": START_MS, "provenance": "authenticated"}
    assert stages == [
        Observation("test-basin", "upper", 1, "stage_m", START_MS, 0.5, GOOD, record_no=0, **common),
        Observation(
            "test-basin", "upper", 1, "stage_m", START_MS + RECORD_EVERY_MS, None, MISSING, record_no=1, **common,
            null_reason=NO_READING,
        ),
    ]  # fmt: skip
