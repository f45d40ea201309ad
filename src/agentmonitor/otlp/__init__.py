"""OTLP in JSON and protobuf, as neutral records. Knows no agent."""
