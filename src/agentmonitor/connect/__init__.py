"""Pointing agents here by their settings files, and undoing it byte for byte."""
