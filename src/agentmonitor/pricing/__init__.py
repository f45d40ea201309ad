"""What model requests cost."""
