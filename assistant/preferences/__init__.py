"""Votes that train: which of them count, the rows they become, and the run made of them."""
