"""The variants of quirks in a world."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .awaiting import awaitable
from .transport import Transport
from .values import Row


class VariantsMixin(Mapping[str, str]):
    """The current variant of every switch of a world, by name: ``world.variants["limits"]``."""

    def __init__(self, transport: Transport, path: str) -> None:
        self._transport = transport
        self._path = path

    def __getitem__(self, name: str) -> str:
        """Return the current variant of a switch."""
        variant: str = self.show()[name]["variant"]
        return variant

    def __iter__(self) -> Iterator[str]:
        return iter(self.show())

    def __len__(self) -> int:
        return len(self.show())

    @awaitable
    def show(self) -> Mapping[str, Row]:
        """Return every switch with its ``variant``, its ``default``, all its ``variants`` and the number of its ``quirk``."""
        table: Mapping[str, Row] = self._transport.call("GET", self._path)
        return table

    @awaitable
    def set(self, variants: Mapping[str, str] | None = None, /, **more: str) -> None:
        """Set variants of quirks from now on: ``set(limits="off")``, ``set({"acme.zone": "UTC"})``.

        Raises:
            ControlError: there is no such switch, or it has no such variant; nothing was changed.
        """
        self._transport.call("PATCH", self._path, body={**(variants or {}), **more})
