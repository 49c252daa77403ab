"""The world: plain Python, no HTTP, no provider."""
