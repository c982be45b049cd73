"""Fine-tuning as a process of its own: `python -m assistant.training RUN_FOLDER`.

`settings` and `folder` are shared with the core and know no torch; `rows`, `trainer` and `tuning`
are the worker's, and one of the two homes of torch.
"""
