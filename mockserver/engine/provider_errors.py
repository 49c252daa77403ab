"""What every provider's "no" has in common: a name, a sentence and a source.

A provider error is raised where it is decided and rendered once, by the provider's `wire.py`. Plain classes: a frozen
dataclass that is raised inside a context manager cannot take its traceback.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple, Self


class Source(NamedTuple):
    """Where a behaviour comes from."""

    document: str | None
    """The customer's document, by its leading number (``001``)."""
    sentence: str | None
    quirk: str | None
    """The entry of QUIRKS.md that says what was assumed, where the document is silent."""


def documented(document: str, sentence: str, quirk: str | None = None) -> Source:
    """The document says so. A quirk beside it says what of the provider error is still ours: its text."""
    return Source(document, sentence, quirk)


def assumed(quirk: str) -> Source:
    """No document says so; the quirk of that number does."""
    return Source(None, None, quirk)


class ProviderError(Exception):  # an answer, not an error of ours
    """A provider says no."""

    status: ClassVar[int] = 200
    description: ClassVar[str] = ""
    """The sentence for the client; ``{names}`` are filled with the facts of the case."""
    hint: ClassVar[str] = ""
    """What the client's developer is to do, in one imperative sentence; filled likewise."""
    about: ClassVar[tuple[str, ...]] = ()
    """The parameters or headers that it is about, or ``path`` and ``method``, where no fact names one."""
    cites_parameter: ClassVar[bool] = False
    """Whether an error about a parameter has the source of that parameter in place of its own."""
    source: Source
    """Where it comes from; a case may know a nearer sentence, see `with_source`."""

    def __init__(self, **facts: object) -> None:
        self.facts = facts
        super().__init__(self._filled(self.description))

    @property
    def advice(self) -> str:
        """`hint`, for this case."""
        return self._filled(self.hint)

    def with_source(self, source: Source) -> Self:
        """The same provider error with the sentence that fits this case, or none; a quirk of its own stays."""
        self.source = source._replace(quirk=self.source.quirk or source.quirk)
        return self

    def drop_traceback(self) -> None:
        """Let go of how it was raised, for who keeps it: with that go every frame of the way, and all that is in them."""
        self.__traceback__ = self.__cause__ = self.__context__ = None

    def _filled(self, text: str) -> str:
        return text.format_map(_Facts({name: _shorten(fact) for name, fact in self.facts.items()}))


class _Facts(dict[str, object]):
    """What a sentence is filled with. A catalogue of provider errors says them without any facts."""

    def __missing__(self, name: str) -> str:
        return "…"


def _shorten(fact: object) -> object:
    """What is repeated to the client is no longer than a sentence bears."""
    return f"{fact[:60]}…" if isinstance(fact, str) and len(fact) > 80 else fact
