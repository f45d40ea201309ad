"""The agents: one module each, which the registry finds."""
