"""Doing the same at the same moment, in threads that each have the app as a request has it."""

import threading
from collections.abc import Callable


def at_once(app, *works: Callable[[], object]) -> list:
    """Start all at one signal; answers what they returned, or the exception that they raised."""
    results: list = [None] * len(works)
    barrier = threading.Barrier(len(works))

    def run(place: int, work: Callable[[], object]) -> None:
        with app.app_context():
            barrier.wait()
            try:
                results[place] = work()
            except Exception as error:
                results[place] = error

    threads = [threading.Thread(target=run, args=item) for item in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads), "somebody waits for ever"
    return results
