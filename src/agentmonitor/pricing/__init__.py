"""What model requests cost.

``engine`` answers; ``catalogue`` is the data and ``lookup`` finds a name in it; ``plan`` turns a
model's prices into numbers to multiply with; ``overrides`` reads the user's own prices;
``convert`` makes a catalogue from the data of genai-prices, for the build and for ``refresh``.
"""
