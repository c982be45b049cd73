"""The voter cookie and the headers that keep the page to this machine, as ASGI middleware.

Who votes is a cookie that the server signed, which no script can read; a value that a page sends
is never taken for it.
"""

from __future__ import annotations

from collections.abc import Callable

import gradio as gr
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.errors import VoteRefused
from assistant.voters import new_voter, voter_of

COOKIE = "duet_voter"
_YEAR = 365 * 24 * 3600

# 'unsafe-inline' and 'unsafe-eval' are what Gradio's own page needs; no address but our own.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' data: blob:; worker-src 'self' blob:; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)

LOOPBACK = ("127.0.0.1", "localhost", "::1", "[::1]")


def voter_in(request: gr.Request, secret: bytes) -> str:
    """The voter of a request.

    Raises VoteRefused where its cookie is missing or was not made here.
    """
    voter = voter_of(request.cookies.get(COOKIE), secret)
    if voter is None:
        raise VoteRefused(
            "Your browser sent no voter cookie of this page, so nothing was counted: "
            "allow cookies for this address, reload the page and vote again."
        )
    return voter


class PageGuard:
    """Sets the voter cookie with the page, adds the headers, and refuses foreign host names.

    host: where the server listens; on loopback, a request that names another host is refused, so
    that a web site cannot reach this page by pointing its own name at it.
    """

    def __init__(self, app: ASGIApp, secret: Callable[[], bytes], host: str) -> None:
        self._app = app
        self._secret = secret
        self._loopback = host in LOOPBACK

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        if self._loopback and _host_name(connection.headers.get("host", "")) not in LOOPBACK:
            refusal = PlainTextResponse("This page answers on this machine only.\n", 403)
            await refusal(scope, receive, send)
            return
        wanted = scope["path"] == "/" and not self._known(connection)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = _POLICY
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
                if wanted:
                    headers.append("Set-Cookie", self._new_cookie())
            await send(message)

        await self._app(scope, receive, guarded)

    def _known(self, connection: HTTPConnection) -> bool:
        return voter_of(connection.cookies.get(COOKIE), self._secret()) is not None

    def _new_cookie(self) -> str:
        value = new_voter(self._secret())
        return f"{COOKIE}={value}; Path=/; Max-Age={_YEAR}; HttpOnly; SameSite=Lax"


def _host_name(host: str) -> str:
    """A Host header without its port."""
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].lower()
