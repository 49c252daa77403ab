"""JSON Schema validation and its error messages, for world files, requests and settings."""
