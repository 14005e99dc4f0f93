"""What can be true of a graphics card, whoever made it."""

from __future__ import annotations

# Far above any card, and far below what a driver says instead of a value that it does not have (all bits set).
LARGEST_MEMORY = 2**50
MOST_WATTS = 20_000
HOTTEST = 200


class Judge:
    """Counts in `rejected` what cannot be true. None goes through: not known is not wrong."""

    rejected = 0

    def within(self, value: int | None, lowest: float, highest: float) -> int | None:
        """The value, where it is from `lowest` to `highest`."""
        if value is None or lowest <= value <= highest:
            return value
        self.rejected += 1
        return None
