"""Tells a program that has started the server that it is ready, and its addresses: in a file, or on a file descriptor."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click


class ReadyNotice:
    """What tells that the server is ready: a line of JSON, when it accepts connections."""

    def __init__(self, path: Path | None, descriptor: int | None) -> None:
        """Check where the line is to go.

        Args:
            path: a file that takes the line, and exists only while the server runs; ``None`` for none.
            descriptor: an open file descriptor that takes the line and is closed then; ``None`` for none.

        Raises:
            click.BadParameter: the descriptor is not open, or the file's folder does not exist.
            OSError: a file of an earlier server cannot be removed.
        """
        self._path, self._descriptor = path, descriptor
        if descriptor is not None:
            try:
                os.fstat(descriptor)
            except OSError as reason:
                raise click.BadParameter(
                    f"file descriptor {descriptor} is not open", param_hint="--ready-fd"
                ) from reason
        if path is not None:
            if not path.parent.is_dir():
                raise click.BadParameter(f"there is no folder {path.parent}", param_hint="--ready-file")
            path.unlink(missing_ok=True)  # that of a server that was killed

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Remove the file when the server has ended."""
        try:
            yield
        finally:
            if self._path is not None:
                self._path.unlink(missing_ok=True)

    def send(self, addresses: Mapping[str, Any]) -> None:
        """Write the line. The file appears with its whole content, and only its owner can read it, for it may hold a token."""
        line = json.dumps({**addresses, "pid": os.getpid()}) + "\n"
        if self._path is not None:
            written = self._path.with_name(f"{self._path.name}.{os.getpid()}")
            with os.fdopen(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(line)
            written.replace(self._path)
        if self._descriptor is not None:
            with contextlib.suppress(BrokenPipeError), os.fdopen(self._descriptor, "w") as stream:
                stream.write(line)
