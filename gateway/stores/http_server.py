"""A store's HTTP server: asks it within a deadline, and gives back whatever it says."""

import gzip
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

import urllib3

from gateway.stores.answers import Answer

__all__ = ["TIMEOUT_S", "HttpServer", "is_here", "password", "seconds"]

TIMEOUT_S = 10.0
KEPT_CONNECTIONS = 4  # for both halves that the feeder hands over at once, for writing again, and for who reads
RETRY_AFTER_LIMIT_S = 3600.0  # that a server may ask for: records must not wait for years on a slip of its proxy
COMPRESSED_FROM_BYTES = 1000
COMPRESSION_LEVEL = 1  # of line protocol it leaves a tenth; more costs time and gains little


class HttpServer:
    """The server at `url`, which need not be there yet. Any thread may ask it."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self.url = url.rstrip("/")
        self._pool = urllib3.PoolManager(headers=headers, timeout=TIMEOUT_S, retries=False, maxsize=KEPT_CONNECTIONS)
        self._headers = dict(headers)
        self._compresses = not is_here(url)

    def post(self, path: str, query: Mapping[str, str], body: bytes) -> Answer:
        """Post to a path; never raises for what network or server do."""
        address = f"{self.url}{path}?{urlencode(query)}" if query else f"{self.url}{path}"
        headers = self._headers
        if self._compresses and len(body) >= COMPRESSED_FROM_BYTES:
            headers, body = headers | {"Content-Encoding": "gzip"}, gzip.compress(body, COMPRESSION_LEVEL)
        return self._ask(address, headers, body)

    def ask(self, path: str, form: Mapping[str, str]) -> Answer:
        """Post a form, which is how a query of any length is put; never raises for what network or server do."""
        headers = self._headers | {"Content-Type": "application/x-www-form-urlencoded"}
        return self._ask(self.url + path, headers, urlencode(form).encode())

    def close(self) -> None:
        self._pool.clear()

    def _ask(self, address: str, headers: Mapping[str, str], body: bytes) -> Answer:
        try:
            answer = self._pool.request("POST", address, body=body, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            return Answer(None, str(error).encode())
        return Answer(answer.status, answer.data, seconds(answer.headers.get("Retry-After")))


def password(username: str, secret: str) -> dict[str, str]:
    """Return the headers that say a name and its password; none without a name."""
    return dict(urllib3.make_headers(basic_auth=f"{username}:{secret}")) if username else {}


def is_here(url: str) -> bool:
    """Tell whether the server is on this machine, where compressing would cost more than it saves."""
    return urlsplit(url).hostname in ("127.0.0.1", "::1", "localhost")


def seconds(retry_after: str | None) -> float | None:
    """Return the seconds of a Retry-After header, at most RETRY_AFTER_LIMIT_S; None where it has no number.

    No known store sends the form with a date.
    """
    if retry_after is None or not (retry_after.isascii() and retry_after.isdigit()):
        return None
    return min(float(retry_after), RETRY_AFTER_LIMIT_S)
