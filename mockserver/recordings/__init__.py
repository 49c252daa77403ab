"""Recordings of a provider, judged: replayed in a world, compared, made a world of, and used to choose variants."""
