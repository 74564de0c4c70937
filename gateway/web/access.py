"""Who may see the page: everyone who reaches it by a name that is its own, or only who knows the token."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import URL, Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["Guard", "TokenRequired"]

COOKIE = "rivergauge"
COOKIE_LIFE_S = 30 * 86_400
# Says nothing but that the process answers, and is asked by supervisors that hold no token.
OPEN_PATHS = {"/healthz"}
HOW = "This page needs its token: an Authorization header `Bearer TOKEN`, or once ?token=TOKEN in the address.\n"


@dataclass(frozen=True)
class Guard:
    """`hosts` are the names it is reached by: another one is a sign of DNS rebinding. Without a token all may read."""

    hosts: Sequence[str]
    token: str | None = None


class TokenRequired:
    """ASGI middleware: lets through who shows the token, and remembers a browser by a cookie."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token.encode()
        # What the browser keeps is of no use as a token elsewhere.
        self._cookie = hmac.digest(self._token, b"rivergauge page", "sha256").hex()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in OPEN_PATHS or self._is_known(Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        await self._admit(Request(scope))(scope, receive, send)

    def _is_known(self, headers: Headers) -> bool:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return hmac.compare_digest(token.strip().encode(), self._token)
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return False
        return cookie is not None and hmac.compare_digest(cookie.value.encode(), self._cookie.encode())

    def _admit(self, request: Request) -> Response:
        token = request.query_params.get("token", "")
        if not hmac.compare_digest(token.encode(), self._token):
            return PlainTextResponse(HOW, status_code=401, headers={"WWW-Authenticate": "Bearer"})
        # To the same address without the token, which is then in no history, bookmark or list of referrers.
        answer = RedirectResponse(_without_token(request.url), status_code=303)
        answer.set_cookie(
            COOKIE, self._cookie, COOKIE_LIFE_S, httponly=True, samesite="lax", secure=request.url.scheme == "https"
        )
        return answer


def _without_token(url: URL) -> str:
    rest = url.remove_query_params("token")
    # One slash: two would lead to another host.
    path = "/" + rest.path.lstrip("/")
    return f"{path}?{rest.query}" if rest.query else path
