# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""How much of a backlog the gateways will take: their retained state, advice that costs a station time and no record.

The law this file keeps: the advice holds back a backlog only, and for HOLD_LIMIT_S at most; it is not authenticated.
"""

import json

STATES = "rg/1/gateway/+/state"  # a filter: the station need not know which gateway is its own
HOLD_LIMIT_S = 6 * 3600
STATE_BYTES = 1024
GATEWAYS_LIMIT = 8
BATCHES_LIMIT = 10_000


class Pace:
    """Kept in `memory`: since when a backlog has been held back."""

    def __init__(self, memory):
        self._memory = memory
        self._allowed = {}  # by topic: batches of backlog in one connection, None for no limit

    def take(self, topic, payload):
        """Take up what a gateway says; what is no state of a gateway limits nothing."""
        try:
            state = json.loads(payload) if len(payload) <= STATE_BYTES else None
        except ValueError:
            state = None
        self._allowed.pop(topic, None)
        if not isinstance(state, dict):
            return
        if state.get("state") != "gone" and len(self._allowed) < GATEWAYS_LIMIT:
            self._allowed[topic] = 0 if state.get("state") == "hold" else _batches(state.get("backfill_batches"))

    def allows(self, sent_batches, now_ms):
        """True when one more batch of backlog may follow those sent; by the strictest of the gateways."""
        limits = [limit for limit in self._allowed.values() if limit is not None]
        if not limits or sent_batches < min(limits):
            return True
        now_s = now_ms // 1000 + 1  # 0 says that nothing is held back
        self._memory.held_since_s = self._memory.held_since_s or now_s
        return now_s - self._memory.held_since_s >= HOLD_LIMIT_S


def _batches(value):
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= BATCHES_LIMIT
    return value if is_count else None
