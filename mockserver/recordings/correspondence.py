"""Which value of ours stands for which recorded one, where a provider makes the values up."""

from __future__ import annotations

from collections.abc import Iterable


class Correspondence:
    """The identifiers and texts of one provider that a recording and its replay have made up at the same places.

    Identifiers are matched one to one: a recorded one always stands for the same one of ours, and no other stands for that.
    Texts are matched in one direction: the same recorded text always stands for the same text of ours. Each is matched among
    those of one scope, that is of one kind of thing, because a contact and a group may have the same number.
    """

    def __init__(self) -> None:
        self._ours: dict[str, dict[str, str]] = {}
        self._recorded: dict[str, dict[str, str]] = {}
        self._texts: dict[str, dict[str, str]] = {}
        self._renamed: set[str] = set()

    def match_identifier(self, scope: str, recorded: str, ours: str) -> str | None:
        """Match two identifiers; return the reason why they cannot stand for each other, or ``None``."""
        forward = self._ours.setdefault(scope, {})
        known = forward.get(recorded)
        if known == ours:
            return None
        if known is not None:
            return f"the recording has this identifier before, where ours was {known}"
        backward = self._recorded.setdefault(scope, {})
        other = backward.get(ours)
        if other is not None:
            return f"ours has this identifier before, where the recording had {other}"
        forward[recorded], backward[ours] = ours, recorded
        if recorded != ours:
            self._renamed.add(recorded)
        return None

    def match_text(self, scope: str, recorded: str, ours: str) -> str | None:
        """Match two texts; return the reason why they cannot stand for each other, or ``None``."""
        known = self._texts.setdefault(scope, {}).setdefault(recorded, ours)
        return None if known == ours else f"the recording has this text before, where ours was {known!r}"

    @property
    def scopes(self) -> Iterable[str]:
        """The scopes of which identifiers are known."""
        return self._ours.keys()

    @property
    def has_renamed(self) -> bool:
        """Whether an identifier of ours is another one than the recorded."""
        return bool(self._renamed)

    def is_renamed(self, recorded: str) -> bool:
        """Return whether ours is another identifier than a recorded one, in a scope at least."""
        return recorded in self._renamed

    def ours_of(self, recorded: str, scopes: Iterable[str]) -> str | None:
        """Return our identifier for a recorded one; ``None`` if that is unknown, or the same.

        Args:
            recorded: the recorded identifier.
            scopes: the scopes that it is of rather than of others, the most likely first. If none of them has it, the others
                decide, if they agree.
        """
        if not self.is_renamed(recorded):
            return None
        for scope in scopes:
            if recorded in self._ours.get(scope, ()):
                ours = self._ours[scope][recorded]
                return None if ours == recorded else ours
        found = {self._ours[scope][recorded] for scope in self._ours if recorded in self._ours[scope]}
        return found.pop() if len(found) == 1 else None
