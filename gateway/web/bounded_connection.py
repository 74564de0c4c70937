"""A connection to the page that can be neither kept for ever nor opened without number.

Whoever reaches the page could else take every file descriptor of the process, with no token and no request: journal,
stores and broker need some too.
"""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["CONNECTIONS_LIMIT", "LIFE_LIMIT_S", "BoundedConnection"]

CONNECTIONS_LIMIT = 100  # at once; systemd gives a service 1,024 descriptors
LIFE_LIMIT_S = 300.0  # a month as CSV on a slow line takes less; browsers connect again by themselves


class BoundedConnection(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it; beyond the limits the connection is cut without a word."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        life_s = LIFE_LIMIT_S if len(self.connections) <= CONNECTIONS_LIMIT else 0.0
        self._end = self.loop.call_later(life_s, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end.cancel()
        super().connection_lost(exc)
