"""The HTTP surface: routes, streams, the dashboard."""
