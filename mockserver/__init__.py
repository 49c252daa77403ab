"""Three SMS providers' HTTP APIs on your own machine; see README.md."""

__version__ = "0.1.0"
