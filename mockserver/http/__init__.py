"""HTTP that belongs to no provider."""
