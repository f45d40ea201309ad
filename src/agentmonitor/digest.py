"""BLAKE2b without OpenSSL: ``hashlib`` loads that for other hashes, which takes 4 MB."""

try:
    from _blake2 import blake2b  # CPython's own implementation, which hashlib hands out as well
except ImportError:  # another Python
    from hashlib import blake2b

__all__ = ["blake2b"]
