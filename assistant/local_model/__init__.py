"""Answering with a model on this machine. The home of torch and transformers, beside training.

backend       the `generation.Backend`: questions in order, one resident model, adapters on demand
jobs          questions to the computing thread, pieces back from it
decoding      the loop that turns prompts into tokens, for who is reading along
batching      the loop that turns many prompts into answers, for throughput
row_cache     keys and values of the rows of a batch
adapters      LoRA adapters, one of its own for each row of a batch
chat_tokenizer  messages to token ids and back, without torch
placement     device, precision, and whether a model fits

Importing this package imports none of the heavy libraries.
"""

from assistant.local_model.backend import LocalBackend

__all__ = ["LocalBackend"]
