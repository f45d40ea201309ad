"""Session files: history is imported, and files that grow are followed."""
