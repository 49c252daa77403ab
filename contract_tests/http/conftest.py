"""The socket fixtures."""

from contract_tests.sockets import connect, loop, opened, talking

__all__ = ["connect", "loop", "opened", "talking"]
