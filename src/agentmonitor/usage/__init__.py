"""Usage windows: what is used of limits, how fast, and until when. By the time of the events."""
