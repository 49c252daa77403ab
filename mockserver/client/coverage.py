"""The coverage of documented behaviours by several worlds, added up, and its reports."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from mockserver.junit import format_junit

from .values import Row

FORMATS = (".md", ".json", ".xml")
"""File name extensions of reports: Markdown, JSON, JUnit XML."""


@dataclass
class CoveredBehaviour:
    """A documented behaviour, and how often it was met."""

    provider: str
    name: str
    source: str
    """The document and its sentence, or the quirk's number."""
    times: int = 0
    by: list[str] = field(default_factory=list)
    """The first few worlds or tests that met it."""


@dataclass
class DetectedPattern:
    """A mistake of a client that its requests show."""

    provider: str
    name: str
    about: str
    by: list[str] = field(default_factory=list)


class Coverage:
    """The coverage of the behaviours of the providers that received requests."""

    MOST = 3
    """The maximal number of worlds or tests named for each behaviour."""

    def __init__(self) -> None:
        self._met: dict[tuple[str, str], CoveredBehaviour] = {}
        self._shown: dict[tuple[str, str], DetectedPattern] = {}
        self._providers: set[str] = set()

    def add(self, row: Row, name: str) -> None:
        """Add the coverage of one world.

        Args:
            row: the result of `WorldClient.coverage`.
            name: the name of the world or test, for the reports.
        """
        self._providers |= set(row["providers"])
        for each in row["behaviours"]:
            met = self._met.setdefault(
                (each["provider"], each["name"]), CoveredBehaviour(each["provider"], each["name"], _source(each))
            )
            met.times += each["met"]
            if each["met"]:
                self._note(met.by, name)
        for each in row["antipatterns"]:
            shown = self._shown.setdefault(
                (each["provider"], each["name"]), DetectedPattern(each["provider"], each["name"], each["about"])
            )
            numbers = ", ".join(map(str, each["exchanges"]))
            self._note(shown.by, f"{name} (exchange{'s' if len(each['exchanges']) > 1 else ''} {numbers})")

    def _note(self, names: list[str], name: str) -> None:
        if name not in names and len(names) < self.MOST:
            names.append(name)

    @property
    def behaviours(self) -> list[CoveredBehaviour]:
        """The behaviours of the providers that received requests."""
        return [met for met in self._met.values() if met.provider in self._providers]

    @property
    def antipatterns(self) -> list[DetectedPattern]:
        """The mistakes that the clients' requests show."""
        return list(self._shown.values())

    @property
    def percent(self) -> float:
        """The percentage of behaviours that were met; 0 when no provider received a request."""
        behaviours = self.behaviours
        return 100 * sum(met.times > 0 for met in behaviours) / len(behaviours) if behaviours else 0.0

    def write(self, path: Path) -> None:
        """Write a report in the format of the file name's extension, in a folder that is created if there is none.

        Raises:
            ValueError: the extension is none of `FORMATS`.
            OSError: the file cannot be written.
        """
        writers = {".md": self.markdown, ".json": self.json, ".xml": self.junit}
        text = writers[format_of(path)]()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", "backslashreplace")

    def summary(self) -> str:
        """Return a summary in one line."""
        behaviours = self.behaviours
        if not behaviours:
            return "no provider received a request"
        met = sum(each.times > 0 for each in behaviours)
        return f"{met} of {len(behaviours)} documented behaviours met ({self.percent:.0f}%)"

    def lines(self) -> Iterable[str]:
        """Format the behaviours that were not met and the clients' mistakes, for a terminal."""
        for provider in sorted(self._providers):
            own = [each for each in self.behaviours if each.provider == provider]
            missing = [each.name for each in own if not each.times]
            yield f"{provider}: {len(own) - len(missing)} of {len(own)}"
            yield from (f"  not met: {name}" for name in missing)
        for antipattern in self.antipatterns:
            yield f"{antipattern.provider}: {antipattern.name}"
            yield f"  {antipattern.about}"
            yield from (f"  {place}" for place in antipattern.by)

    def markdown(self) -> str:
        """Format the report as Markdown."""
        text = ["# Behaviours of the providers that the code under test has met", "", f"{self.summary()}.", ""]
        text += ["| provider | behaviour | met | by | because |", "|---|---|---|---|---|"]
        text += [
            f"| {each.provider} | {each.name} | {each.times or 'no'} | {', '.join(map(_code, each.by))} | {_cell(each.source)} |"
            for each in self.behaviours
        ]
        if self.antipatterns:
            text += ["", "## Mistakes that the requests show", ""]
        for antipattern in self.antipatterns:
            text += [f"- **{antipattern.name}** ({antipattern.provider}). {antipattern.about}"]
            text += [f"  - {_code(place)}" for place in antipattern.by]
        return "\n".join(text) + "\n"

    def json(self) -> str:
        """Format the report as JSON."""
        whole = {
            "percent": round(self.percent, 1),
            "behaviours": list(map(vars, self.behaviours)),
            "antipatterns": list(map(vars, self.antipatterns)),
        }
        return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"

    def junit(self) -> str:
        """Format the report as JUnit XML: a behaviour not met is a skipped test, a mistake is a failure."""
        suite = ET.Element("testsuite", name="mockserver coverage")
        for each in self.behaviours:
            case = ET.SubElement(suite, "testcase", classname=each.provider, name=each.name)
            if not each.times:
                ET.SubElement(case, "skipped", message=f"not met; {each.source}")
        for antipattern in self.antipatterns:
            case = ET.SubElement(suite, "testcase", classname=antipattern.provider, name=antipattern.name)
            ET.SubElement(case, "failure", message=antipattern.about).text = "\n".join(antipattern.by)
        return format_junit(suite)


def format_of(path: Path) -> str:
    """Return the format of a report file by its extension.

    Raises:
        ValueError: the extension is none of `FORMATS`.
    """
    if path.suffix not in FORMATS:
        raise ValueError(f"{path}: a coverage report's name ends with {', '.join(FORMATS)}")
    return path.suffix


def _source(row: Mapping[str, Any]) -> str:
    if row["document"] is None:
        return f"{row['quirk']}"
    return f"{row['document']}: “{row['sentence']}”"


def _code(text: str) -> str:
    return f"`{text}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
