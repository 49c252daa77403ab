"""What the type checker knows of the public API; checked by mypy in `make lint`, never run.

A wrong use stands with the ignored error beside it, and mypy reports an ignore that hides no error.
"""
