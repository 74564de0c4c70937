"""For machines that watch the gateway: alive, ready, and its numbers."""

from typing import Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.metrics import CONTENT_TYPE

__all__ = ["Monitored", "Monitoring"]


class Monitored(Protocol):
    """The gateway, as far as it is watched; `gateway.monitor.Monitor` is one."""

    def hindrances(self) -> list[str]: ...

    def remarks(self) -> list[str]: ...

    def metrics(self) -> str: ...


class Monitoring:
    def __init__(self, monitored: Monitored) -> None:
        self._monitored = monitored

    def readyz(self, request: Request) -> Response:
        """Status 503 with the reasons while records cannot be taken and kept; remarks hinder nothing."""
        hindrances = self._monitored.hindrances()
        body = {"ready": not hindrances, "hindrances": hindrances, "remarks": self._monitored.remarks()}
        return JSONResponse(body, status_code=503 if hindrances else 200)

    def metrics(self, request: Request) -> Response:
        return Response(self._monitored.metrics(), headers={"Content-Type": CONTENT_TYPE})
