"""Measuring a server from outside: load, listeners, and what they saw."""
