"""Serves the gateway's page in a thread."""

import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

import uvicorn

from gateway.settings import WebSettings
from gateway.stores.store import Reader
from gateway.web.app import create_app
from rivergauge.basin import Basin

__all__ = ["Page"]

START_LIMIT_S = 10.0
STOP_LIMIT_S = 2.0


class Page:
    """The web page of the basin, as `reader` knows it."""

    def __init__(
        self, web: WebSettings, reader: Reader, basin: Basin, bulletins: Path, now_ms: Callable[[], int]
    ) -> None:
        app = create_app(reader, basin, bulletins, now_ms)
        config = uvicorn.Config(
            app, host=web.host, port=web.port, log_config=None, log_level="warning", access_log=False, lifespan="off"
        )
        self._host = web.host
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, name="page", daemon=True)

    def start(self) -> None:
        """Listen; raise OSError when the address cannot be had."""
        self._thread.start()
        ends_s = monotonic() + START_LIMIT_S
        while not self._server.started:
            if not self._thread.is_alive() or monotonic() > ends_s:
                raise OSError(f"the page cannot listen on {self._host}:{self._server.config.port}; is the port taken?")
            sleep(0.01)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(STOP_LIMIT_S)

    @property
    def url(self) -> str:
        port = self._server.servers[0].sockets[0].getsockname()[1]
        return f"http://{self._host}:{port}/"
