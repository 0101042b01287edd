"""Which question of a bot a customer means: texts in, scored pairs out. Knows neither Flask nor SQL."""

from cloudchat.services.matching.index import Index, Match, Pair

__all__ = ["Index", "Match", "Pair"]
