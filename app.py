"""Duet: build a domain assistant twice, by retrieval and by fine-tuning, and let evidence choose.

uv run app.py            serves the page at http://127.0.0.1:7860
uv run app.py --help     other addresses
"""

from __future__ import annotations

import argparse
import sys

from assistant.errors import DuetError
from assistant.settings import settings_from_environment
from assistant.ui import serve


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve Duet's page on this machine.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=7860, help="port to listen on")
    arguments = parser.parse_args()
    try:
        serve(settings_from_environment(), arguments.host, arguments.port)
    except DuetError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
