"""The demo: a made-up hour of work, told over the same HTTP calls that agents use."""
