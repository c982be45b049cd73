"""Environment variables that libraries read when they are first imported.

Imported for its effect, before Gradio, transformers and torch.
"""

from __future__ import annotations

import os

for _name, _value in (
    # OpenMP threads that spin while they wait starve everything else on the machine.
    ("OMP_WAIT_POLICY", "passive"),
    # Nothing about this machine or its use is sent anywhere.
    ("GRADIO_ANALYTICS_ENABLED", "False"),
    ("HF_HUB_DISABLE_TELEMETRY", "1"),
    ("DO_NOT_TRACK", "1"),
    ("GRADIO_RUN_HISTORY", "False"),
    ("TOKENIZERS_PARALLELISM", "false"),
):
    os.environ.setdefault(_name, _value)
