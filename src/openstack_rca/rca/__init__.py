"""Scores and an issue become ranked causes; the rooms stand in the order of the path, and ``engine`` walks it."""
