"""The reads of the SQLite engine."""
