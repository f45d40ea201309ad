"""The things that everything else talks about: events, sessions, signals, statistics."""
