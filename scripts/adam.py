"""Adam: small steps down a slope, each value at its own pace (Kingma and Ba, 2015)."""

import numpy as np


class Adam:
    """`values` are changed in place; the rate falls to nothing along half a cosine over all `steps`."""

    def __init__(self, values: dict[str, np.ndarray], rate: float, steps: int):
        self._values, self._rate, self._steps, self._at = values, rate, steps, 0
        self._moments = {name: (0 * value, 0 * value) for name, value in values.items()}

    def step(self, slopes: dict[str, np.ndarray]) -> None:
        self._at += 1
        rate = self._rate * (1 + np.cos(np.pi * (self._at - 1) / self._steps)) / 2
        for name, slope in slopes.items():
            first, second = self._moments[name]
            first, second = 0.9 * first + 0.1 * slope, 0.99 * second + 0.01 * slope**2
            self._moments[name] = first, second
            change = (first / (1 - 0.9**self._at)) / (np.sqrt(second / (1 - 0.99**self._at)) + 1e-8)
            self._values[name] = self._values[name] - rate * change
