"""The page: Gradio over the core. One file for each tab; no SQL, no torch, no prompt text."""

from __future__ import annotations

from assistant.settings import Settings

__all__ = ["serve"]


def serve(settings: Settings, host: str = "127.0.0.1", port: int = 7860) -> None:
    """Serve the page until it is interrupted. Gradio is imported here and not before.

    Raises StoreError where the data folder cannot be used, InvalidRequest where the port is taken.
    """
    import assistant.ui.environment  # noqa: F401  (must come before Gradio and torch)
    from assistant.ui.server import run

    run(settings, host, port)
