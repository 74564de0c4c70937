"""Which stations this gateway answers: its own, and while a gateway that it stands by for is gone, all.

The law this file keeps: it decides who gives receipts, never who takes records. Every gateway journals and stores
whatever reaches it, so that one that is wrong about the others answers twice or late, and loses nothing.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass

from gateway.heartbeat import HEARTBEAT_S
from gateway.ownership_settings import OwnershipSettings

__all__ = ["SILENCE_LIMIT_S", "STATE_LIMIT", "Ownership"]

log = logging.getLogger(__name__)

# A gateway says its state every HEARTBEAT_S. Its will comes at once when it is killed; this is for a broker that died
# with it, or a network that keeps the two apart.
SILENCE_LIMIT_S = 4 * HEARTBEAT_S
GONE = "gone"
# A state takes some 50 bytes. What is longer is none, and might be nested deeper than can be read.
STATE_LIMIT = 512


@dataclass(slots=True)
class _Peer:
    heard_s: float
    is_gone: bool = False


class Ownership:
    """Hears the states of other gateways, in the network thread, and is asked from any thread.

    Without settings there is no other gateway, and every station is its own.
    """

    def __init__(self, settings: OwnershipSettings | None, monotonic_s: Callable[[], float]) -> None:
        own, others = (settings.own, settings.standby_for) if settings is not None else (None, ())
        self._own = None if own is None else frozenset(own)
        self._monotonic_s = monotonic_s
        now_s = monotonic_s()
        self._peers = {name: _Peer(now_s) for name in others}
        self._is_standing_in = False

    @property
    def peers(self) -> tuple[str, ...]:
        """The gateways whose state has to be heard."""
        return tuple(self._peers)

    def answers_for(self, station: str) -> bool:
        """Tell whether receipts, refusals and alerts for this station are this gateway's to send now."""
        return self._own is None or station in self._own or self._stands_in()

    def gone(self) -> list[str]:
        """Return the gateways that it stands in for now."""
        now_s = self._monotonic_s()
        return [name for name, peer in self._peers.items() if peer.is_gone or now_s - peer.heard_s > SILENCE_LIMIT_S]

    def begin(self) -> None:
        """Note that the broker is there again: until then no state could be heard."""
        now_s = self._monotonic_s()
        for peer in self._peers.values():
            peer.heard_s = now_s

    def hear(self, gateway: str, payload: bytes) -> None:
        """Take the state that another gateway publishes; what cannot be read says that it is there."""
        peer = self._peers[gateway]
        peer.is_gone = _state(payload) == GONE
        peer.heard_s = self._monotonic_s()

    def _stands_in(self) -> bool:
        gone = self.gone()
        if bool(gone) != self._is_standing_in:
            self._is_standing_in = bool(gone)
            if gone:
                log.warning("%s is gone: this gateway answers its stations now", ", ".join(gone))
            else:
                log.warning("%s is back: its stations are its own again", ", ".join(self._peers))
        return self._is_standing_in


def _state(payload: bytes) -> str | None:
    if len(payload) > STATE_LIMIT:
        return None
    try:
        said = json.loads(payload)
    except ValueError:
        return None
    state = said.get("state") if isinstance(said, dict) else None
    return state if isinstance(state, str) else None
