"""Texts as sparse vectors, kept by term, so that a question costs as much as its few words."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from math import log, sqrt

import numpy as np


def breathing(items: Sequence) -> Iterator:
    """The items, with a pause for other greenlets now and then: thousands of texts take a second."""
    for at, item in enumerate(items):
        if at % 50 == 0:
            time.sleep(0)
        yield item


class Postings:
    """A sparse matrix, texts by terms, kept by term."""

    def __init__(self, rows: Sequence[dict[str, float]]):
        self.count = len(rows)
        places: dict[str, list[int]] = {}
        values: dict[str, list[float]] = {}
        for at, row in enumerate(breathing(rows)):
            for term, value in row.items():
                places.setdefault(term, []).append(at)
                values.setdefault(term, []).append(value)
        self.terms = {
            term: (np.array(found, np.int32), np.array(values[term], np.float32))
            for term, found in places.items()
        }

    def dot(self, query: dict[str, float]) -> np.ndarray:
        """The product of a query with every text."""
        found = [(self.terms[term], value) for term, value in query.items() if term in self.terms]
        if not found:
            return np.zeros(self.count)
        places = np.concatenate([rows for (rows, _), _ in found])
        values = np.concatenate([weights * value for (_, weights), value in found])
        return np.bincount(places, values, self.count)

    def rows_with(self, terms: Iterable[str]) -> np.ndarray:
        """1 for each text that has any of the terms, else 0."""
        found = np.zeros(self.count)
        for term in terms:
            if term in self.terms:
                found[self.terms[term][0]] = 1.0
        return found


def rarity_of(documents: list[Counter]) -> dict[str, float]:
    seen = Counter(term for document in documents for term in document)
    return {term: log(1 + len(documents) / count) for term, count in seen.items()}


def unit(vector: dict[str, float]) -> dict[str, float]:
    length = sqrt(sum(value * value for value in vector.values()))
    return {term: value / length for term, value in vector.items()} if length else {}
