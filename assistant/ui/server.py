"""The web server around the page: what it listens on, what it allows, what it refuses."""

from __future__ import annotations

import errno
import logging
import os
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable
from typing import TYPE_CHECKING

import gradio as gr
import uvicorn
from fastapi import FastAPI

from assistant.errors import InvalidRequest
from assistant.settings import Settings
from assistant.ui import downloads, examples_downloads, exporting, page_pictures
from assistant.ui.page import build_page
from assistant.ui.preparation import Preparation
from assistant.ui.style import (
    EXAMPLES_STYLESHEET,
    FAVICON,
    HEAD,
    STYLESHEET,
    TRAINING_STYLESHEET,
    theme,
)
from assistant.ui.voter import LOOPBACK, PageGuard

if TYPE_CHECKING:
    from assistant.workspace import Workspace

logger = logging.getLogger(__name__)

_QUEUE_SIZE = 64  # events that may wait at once
_EVENTS_AT_ONCE = 16  # of those that do not use the model


def make_app(workspace: Workspace, preparation: Preparation, host: str, port: int) -> FastAPI:
    """The page as an ASGI application, with every restriction in place."""
    page = build_page(workspace, preparation)
    page.queue(max_size=_QUEUE_SIZE, api_open=False, default_concurrency_limit=_EVENTS_AT_ONCE)
    app = FastAPI(title="Duet", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(downloads.router(workspace))
    app.include_router(examples_downloads.examples_router(workspace))
    app.include_router(exporting.router(workspace))
    app.include_router(page_pictures.router(workspace))
    gr.mount_gradio_app(
        app,
        page,
        path="/",
        server_name=host,
        server_port=port,
        footer_links=[],
        run_history=False,
        allowed_paths=[],
        blocked_paths=[str(workspace.settings.home)],
        favicon_path=str(FAVICON),
        show_error=False,
        max_file_size=workspace.settings.max_file_bytes,
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
        app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None},
        theme=theme(),
        css_paths=[STYLESHEET, EXAMPLES_STYLESHEET, TRAINING_STYLESHEET],
        head=HEAD,
    )
    app.add_middleware(PageGuard, secret=_once(workspace.store.secret), host=host)
    return app


def run(settings: Settings, host: str, port: int) -> None:
    """Open the workspace, listen, and make the sample ready behind the page.

    Raises StoreError, and InvalidRequest where the address cannot be listened on.
    """
    listening = _listen(host, port)
    from assistant.workspace import Workspace

    workspace = Workspace.open(settings)
    try:
        preparation = Preparation(workspace)
        host, port = listening.getsockname()[:2]
        app = make_app(workspace, preparation, host, port)
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=3)
        server = _Server(config, lambda: _begun(preparation, host, port))
        server.run(sockets=[listening])
    finally:
        listening.close()
        workspace.close()


class _Server(uvicorn.Server):
    """Says when it has begun to answer."""

    def __init__(self, config: uvicorn.Config, begun: Callable[[], None]) -> None:
        super().__init__(config)
        self._begun = begun

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        threading.Thread(target=self._begun, name="duet-begun", daemon=True).start()


def _begun(preparation: Preparation, host: str, port: int) -> None:
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    sys.stderr.write(f"Duet is at {address} (Ctrl+C ends it)\n")
    if host not in LOOPBACK:
        sys.stderr.write(
            "It listens beyond this machine and asks for no password: whoever reaches this "
            "address can read and change everything in it.\n"
        )
    sys.stderr.flush()
    preparation.start()
    if _has_display() and sys.stderr.isatty():
        webbrowser.open(address)


def _has_display() -> bool:
    """Whether there is a screen that a browser could open on."""
    if sys.platform in ("win32", "darwin"):
        return "SSH_CONNECTION" not in os.environ
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise InvalidRequest(
                f"Port {port} is taken, perhaps by another Duet: "
                f"close that one, or choose another port with --port {port + 1}."
            ) from error
        raise InvalidRequest(
            f"Duet cannot listen on {host}, port {port} ({error.strerror}): "
            "choose others with --host and --port."
        ) from error
    return listening


def _once(made: Callable[[], bytes]) -> Callable[[], bytes]:
    """Read a value when it is first needed, and keep it."""
    kept: list[bytes] = []

    def value() -> bytes:
        if not kept:
            kept.append(made())
        return kept[0]

    return value
