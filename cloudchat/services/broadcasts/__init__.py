"""Broadcasts: one text to many, each once. See docs/broadcasts.md."""
