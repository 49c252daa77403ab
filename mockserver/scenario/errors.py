"""The error of a scenario file."""

from __future__ import annotations

from pathlib import Path

from mockserver.validation.messages import FileError, Place


class ScenarioError(FileError):
    """A scenario file is invalid, or a step of it cannot be run."""

    def __init__(self, difference: str, place: Place = (), file: Path | None = None, line: int | None = None) -> None:
        super().__init__(difference, place, file)
        self.file = file
        """The file; ``None`` for a scenario that was not read from one."""
        self.line = line
        """The line of the place in a YAML file; ``None`` when it is not known."""

    def in_file(self, file: Path) -> ScenarioError:
        """Return the same error of a file."""
        return ScenarioError(self.difference, self.place, file, self.line)

    def __str__(self) -> str:
        text = super().__str__()
        if self.line is None or self.file is None:
            return text
        return f"{self.file}:{self.line}{text.removeprefix(str(self.file))}"
