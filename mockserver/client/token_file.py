"""The token of the control API, kept in a file between starts of a server, where commands of the same user find it."""

from __future__ import annotations

import contextlib
import os
import socket
from ipaddress import ip_address
from pathlib import Path

import platformdirs


def token_path(folder: Path | None = None) -> Path:
    """Return the path of the file.

    Args:
        folder: the data folder; the user's when ``None``.
    """
    return (folder or platformdirs.user_data_path("mockserver", appauthor=False)) / "token"


def read_token(folder: Path | None = None) -> str | None:
    """Return the kept token; ``None`` if there is none that this user can read."""
    try:
        return token_path(folder).read_text("ascii").strip() or None
    except (OSError, ValueError):
        return None


def keep_token(token: str, folder: Path | None = None) -> str:
    """Write a token that only this user can read, and return it; if one is kept already, return that one.

    Raises:
        OSError: the file cannot be written.
    """
    path = token_path(folder)
    kept = read_token(folder)
    if kept is not None:
        return kept
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    written = path.with_name(f"token-{os.getpid()}")
    with os.fdopen(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(f"{token}\n")
    written.replace(path)
    return token


def is_this_machine(host: str) -> bool:
    """Return whether a host of a URL is certainly this machine: a loopback name, or one of its addresses."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ip_address(host)
    except ValueError:  # a name, which is not looked up
        return False
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.bind((host, 0))  # only an address of this machine can be bound
        return not address.is_unspecified
    return False
