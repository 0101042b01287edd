"""Pipelines: boards of stages, the cards on them, what moves cards, and what the moves tell."""
