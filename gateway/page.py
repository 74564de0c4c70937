"""Serves the gateway's page in a thread."""

import socket
import threading
from collections.abc import Callable
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.settings import LOOPBACK, WebSettings
from gateway.stores.store import Reader
from gateway.web import BoundedConnection, Guard, Monitored, create_app
from rivergauge.basin import Basin

__all__ = ["Page"]

STOP_LIMIT_S = 2.0
TOKEN_LEAST = 16  # characters; `openssl rand -hex 32` gives 64


class Page:
    """The web page of the basin, as `reader` knows it."""

    def __init__(
        self,
        web: WebSettings,
        reader: Reader,
        basin: Basin,
        bulletins: Path,
        now_ms: Callable[[], int],
        monitored: Monitored,
        retention_days: int | None = None,
    ) -> None:
        """Raise OSError for a token file that cannot be used."""
        guard = Guard((*LOOPBACK, web.host, *web.hosts), _read_token(web.token_file) if web.token_file else None)
        self._app_of: Callable[[Basin], ASGIApp] = lambda of: create_app(
            reader, of, bulletins, now_ms, monitored, guard, retention_days
        )
        self._app = _Exchangeable(self._app_of(basin))
        config = uvicorn.Config(
            self._app, http=BoundedConnection, ws="none", log_config=None, log_level="warning", access_log=False,
            lifespan="off",
        )  # fmt: skip
        self._address = (web.host, web.port)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, name="page", daemon=True)
        self._socket: socket.socket | None = None

    def start(self) -> None:
        """Listen; raise OSError when the address cannot be had."""
        host, port = self._address
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        try:
            # Opened here and not by uvicorn, which would end its thread where the address is taken.
            self._socket = socket.create_server(self._address, family=family)
        except OSError as error:
            raise OSError(f"the page cannot listen on {host}:{port}: {error.strerror}") from error
        self._thread.start()

    def show(self, basin: Basin) -> None:
        """Answer the next request with another state of the basin file; the address and its connections stay."""
        self._app.app = self._app_of(basin)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(STOP_LIMIT_S)

    @property
    def url(self) -> str:
        """The address to open, with the port that was free where the settings asked for port 0."""
        port = self._socket.getsockname()[1] if self._socket is not None else self._address[1]
        return f"http://{self._address[0]}:{port}/"

    def _serve(self) -> None:
        self._server.run(sockets=[self._socket] if self._socket is not None else None)


class _Exchangeable:
    """ASGI: the application of the moment."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


def _read_token(path: Path) -> str:
    token = path.read_text().strip()
    if len(token) < TOKEN_LEAST:
        raise OSError(f"{path}: found {len(token)} characters, expected a token of at least {TOKEN_LEAST}")
    return token
