"""JSON Schema checks and the sentences that say what is wrong, for world files, requests and settings."""
