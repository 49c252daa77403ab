"""Why a state cannot be opened. Each message is a sentence for whoever starts the server."""

from __future__ import annotations


class StateUnusable(ValueError):
    """The state is damaged, of a newer version, or no state of this program. It was left as it is."""


class StateNotAllowed(PermissionError):
    """The state is in use by another process, or may not be read and written. It was left as it is."""
