"""Programs that agents run: a copy of this folder works by itself.

Any Python from 3.6 on runs them, with nothing but its library, so types stand in quotes here.
"""
