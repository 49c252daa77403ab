"""The tester's API, under ``/_mock/``."""
