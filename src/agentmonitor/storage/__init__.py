"""Where events and sessions are kept."""
