"""Says again and again that the gateway is there; hearing it come back proves the way to the broker and from it."""

from collections.abc import Callable

from gateway.worker import Worker

__all__ = ["HEARTBEAT_S", "Heartbeat"]

HEARTBEAT_S = 30.0


class Heartbeat(Worker):
    """Calls `announce` every HEARTBEAT_S."""

    def __init__(self, announce: Callable[[], None]) -> None:
        super().__init__("heartbeat")
        self._announce = announce

    def step(self) -> float | None:
        self._announce()
        return HEARTBEAT_S
