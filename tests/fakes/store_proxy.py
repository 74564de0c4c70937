"""An HTTP server in front of a store: passes on byte for byte, or answers by a rule; what no store is asked is refused.

A store's own bad days (429, 503, a password that is gone) cannot be had to order from the real one.
"""

import gzip
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

__all__ = ["Answer", "Request", "StoreProxy"]

# One line as the gateway writes it: tags without a trailing backslash, fields that are finite numbers, ms.
NAME = r"(?:[^\\,= \n]|\\[,= ])+"
FIELD = rf"{NAME}=-?[0-9]+(?:i|(?:\.[0-9]+)?(?:e-?[0-9]+)?)"
LINE = re.compile(rf"[a-z]+(?:,{NAME}={NAME})+ {FIELD}(?:,{FIELD})* -?[0-9]+".encode())
LINE_PATHS = ("/write?", "/api/v2/write?")
SERIES_PATH = "/api/v1/import"  # of VictoriaMetrics: whole batches, as series in JSON
TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Request:
    """A request whose body is unpacked; `lines` are those of line protocol, none of anything else."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def lines(self) -> list[bytes]:
        return self.body.removesuffix(b"\n").split(b"\n") if self.path.startswith(LINE_PATHS) else []

    @property
    def has_series(self) -> bool:
        return self.path == SERIES_PATH

    @property
    def is_write(self) -> bool:
        return self.has_series or bool(self.lines)


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class StoreProxy:
    """Stands for a server on loopback. `rule` returns an answer, or None to pass the request on.

    Without a server behind it what is passed on is taken (204) and kept in `taken`.
    """

    def __init__(self, behind: int | None = None, rule: Callable[[Request], Answer | None] = lambda _: None) -> None:
        self.rule = rule
        self.taken: set[bytes] = set()
        self.requests: list[Request] = []
        self._behind = behind
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request: Request) -> Answer:
        """Return what is to be answered, by the rule or by the server behind."""
        bad = next((line for line in request.lines if LINE.fullmatch(line) is None), None)
        if bad is not None:
            return Answer(418, b"no line of ours: " + bad)
        self.requests.append(request)
        answer = self.rule(request)
        if answer is not None:
            return answer
        if self._behind is not None:
            return self.pass_on(request)
        self.taken.update(request.lines)
        return Answer(204)

    def pass_on(self, request: Request) -> Answer:
        """Return what the server behind says."""
        assert self._behind is not None, "there is no server behind"
        connection = HTTPConnection("127.0.0.1", self._behind, timeout=TIMEOUT_S)
        form = request.headers.get("Content-Type")
        connection.request("POST", request.path, request.body, {"Content-Type": form} if form else {})
        response = connection.getresponse()
        answer = Answer(response.status, response.read())
        connection.close()
        return answer


def _handler(proxy: StoreProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            headers = {name.title(): text for name, text in self.headers.items()}
            answer = proxy.answer(Request(self.path, headers, body))
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.status != 204:
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None: ...

    return Handler
