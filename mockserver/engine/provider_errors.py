"""The base of all provider errors: a name, a description and a source.

A provider error is raised where it is decided and rendered once, by the provider's `wire.py`. Plain classes: a frozen
dataclass that is raised inside a context manager cannot take its traceback.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple, Self


class Source(NamedTuple):
    """The source of a behaviour: a document, a quirk, or both."""

    document: str | None
    """The document, by its leading number (``001``)."""
    sentence: str | None
    quirk: str | None
    """The number of the QUIRKS.md entry that says what is assumed, where the document is silent."""


def documented(document: str, sentence: str, quirk: str | None = None) -> Source:
    """Return a documented source. A quirk beside it says what the document leaves open, such as an error's text."""
    return Source(document, sentence, quirk)


def assumed(quirk: str) -> Source:
    """Return the source of a behaviour that no document has: the quirk of that number."""
    return Source(None, None, quirk)


class ProviderError(Exception):  # a response of the provider, not a bug: so not named Error alone
    """A provider rejects a request."""

    status: ClassVar[int] = 200
    description: ClassVar[str] = ""
    """The sentence for the client; each ``{name}`` is replaced by that fact of the case."""
    hint: ClassVar[str] = ""
    """What the client's developer can do, in one imperative sentence with the same placeholders."""
    about: ClassVar[tuple[str, ...]] = ()
    """The parameters or headers that it is about, or ``path`` or ``method``, where no fact names one."""
    cites_parameter: ClassVar[bool] = False
    """Whether an error about a parameter has that parameter's source in place of its own."""
    source: Source
    """Its source; `with_source` sets a more specific one for a case."""

    def __init__(self, **facts: object) -> None:
        self.facts = facts
        super().__init__(self.fill(self.description))

    @property
    def advice(self) -> str:
        """The `hint` with the facts of this case."""
        return self.fill(self.hint)

    def with_source(self, source: Source) -> Self:
        """Set the source for this case, keeping the class's own quirk, and return the error."""
        self.source = source._replace(quirk=self.source.quirk or source.quirk)
        return self

    def drop_traceback(self) -> None:
        """Remove the traceback before the error is stored: it would keep every frame and their variables in memory."""
        self.__traceback__ = self.__cause__ = self.__context__ = None

    def fill(self, text: str) -> str:
        """Return a text with the facts of this case in place of its ``{name}`` placeholders."""
        return text.format_map(_Facts({name: _shorten(fact) for name, fact in self.facts.items()}))


class _Facts(dict[str, object]):
    """The facts for a sentence's placeholders. A missing fact becomes an ellipsis, as in a list of all errors."""

    def __missing__(self, name: str) -> str:
        return "…"


def _shorten(fact: object) -> object:
    """Shorten a long text that is repeated to the client."""
    return f"{fact[:60]}…" if isinstance(fact, str) and len(fact) > 80 else fact
