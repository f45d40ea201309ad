"""When work is done: weekdays by day, a little at night and at weekends."""

import random
from bisect import bisect
from itertools import accumulate

HOUR_MS = 3_600_000
DAY_HOURS = 24
_BY_HOUR = (1, 1, 0, 0, 0, 0, 1, 3, 8, 12, 13, 12, 7, 10, 13, 13, 12, 10, 6, 3, 3, 3, 2, 1)
"""How much is begun in each hour of a day (UTC)."""
_WEEKEND = 0.08


class Calendar:
    """The hours of the last ``days`` days before ``until`` (ms), by how much is begun in each."""

    def __init__(self, days: int, until: int) -> None:
        self._until = until
        last = until // HOUR_MS
        self._hours = list(range(last - days * DAY_HOURS, last))
        self._weights = list(accumulate(_weight(hour) for hour in self._hours))

    def moment(self, rng: random.Random) -> int:
        """A time in ms at which a session may begin."""
        index = bisect(self._weights, rng.random() * self._weights[-1])
        hour = self._hours[min(index, len(self._hours) - 1)]
        return hour * HOUR_MS + int(rng.random() * HOUR_MS)


def _weight(hour: int) -> float:
    # The first of January 1970 was a Thursday.
    weekday = (hour // DAY_HOURS + 3) % 7
    return _BY_HOUR[hour % DAY_HOURS] * (_WEEKEND if weekday >= 5 else 1.0)
