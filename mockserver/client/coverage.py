"""What several worlds have seen, added up, and written for people and for machines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from .values import Row

FORMATS = (".md", ".json", ".xml")
"""How a report is written, by the name of its file: Markdown, JSON, JUnit."""


@dataclass
class CoveredBehaviour:
    """A documented behaviour."""

    provider: str
    name: str
    source: str
    """The document and its sentence, or the quirk."""
    times: int = 0
    by: list[str] = field(default_factory=list)
    """Where it was met first, and next; a few."""


@dataclass
class DetectedPattern:
    """An antipattern of the client's."""

    provider: str
    name: str
    about: str
    by: list[str] = field(default_factory=list)


class Coverage:
    """The behaviours of the providers that were asked at all."""

    MOST = 3
    """Places that are named for each."""

    def __init__(self) -> None:
        self._met: dict[tuple[str, str], CoveredBehaviour] = {}
        self._shown: dict[tuple[str, str], DetectedPattern] = {}
        self._asked: set[str] = set()

    def add(self, row: Row, name: str) -> None:
        """Add what `World.coverage` says.

        Args:
            row: its answer.
            name: of the world or the test that it is about.
        """
        self._asked |= set(row["asked"])
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
        """Those of the providers that were asked."""
        return [met for met in self._met.values() if met.provider in self._asked]

    @property
    def antipatterns(self) -> list[DetectedPattern]:
        """What the traffic shows."""
        return list(self._shown.values())

    @property
    def percent(self) -> float:
        """How many of the behaviours were met; 0 when no one was asked."""
        behaviours = self.behaviours
        return 100 * sum(met.times > 0 for met in behaviours) / len(behaviours) if behaviours else 0.0

    def write(self, path: Path) -> None:
        """Write a report, in the format that the name of its file says.

        Raises:
            ValueError: it says none of `FORMATS`.
        """
        writers = {".md": self.markdown, ".json": self.json, ".xml": self.junit}
        path.write_text(writers[format_of(path)](), "utf-8")

    def summary(self) -> str:
        """One line."""
        behaviours = self.behaviours
        if not behaviours:
            return "no provider was asked"
        met = sum(each.times > 0 for each in behaviours)
        return f"{met} of {len(behaviours)} documented behaviours met ({self.percent:.0f}%)"

    def lines(self) -> Iterable[str]:
        """What was not met, and what the traffic shows, for a terminal."""
        for provider in sorted(self._asked):
            own = [each for each in self.behaviours if each.provider == provider]
            missing = [each.name for each in own if not each.times]
            yield f"{provider}: {len(own) - len(missing)} of {len(own)}"
            yield from (f"  not met: {name}" for name in missing)
        for antipattern in self.antipatterns:
            yield f"{antipattern.provider}: {antipattern.name}"
            yield f"  {antipattern.about}"
            yield from (f"  {place}" for place in antipattern.by)

    def markdown(self) -> str:
        """As Markdown."""
        text = ["# Behaviours of the providers that the code under test has met", "", f"{self.summary()}.", ""]
        text += ["| provider | behaviour | met | by | because |", "|---|---|---|---|---|"]
        text += [
            f"| {each.provider} | {each.name} | {each.times or 'no'} | {', '.join(map(_code, each.by))} | {_cell(each.source)} |"
            for each in self.behaviours
        ]
        if self.antipatterns:
            text += ["", "## What the traffic shows", ""]
        for antipattern in self.antipatterns:
            text += [f"- **{antipattern.name}** ({antipattern.provider}). {antipattern.about}"]
            text += [f"  - {_code(place)}" for place in antipattern.by]
        return "\n".join(text) + "\n"

    def json(self) -> str:
        """As JSON."""
        whole = {
            "percent": round(self.percent, 1),
            "behaviours": list(map(vars, self.behaviours)),
            "antipatterns": list(map(vars, self.antipatterns)),
        }
        return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"

    def junit(self) -> str:
        """As JUnit's XML: what was not met is skipped, an antipattern is a failure."""
        suite = ET.Element("testsuite", name="mockserver coverage")
        for each in self.behaviours:
            case = ET.SubElement(suite, "testcase", classname=each.provider, name=each.name)
            if not each.times:
                ET.SubElement(case, "skipped", message=f"not met; {each.source}")
        for antipattern in self.antipatterns:
            case = ET.SubElement(suite, "testcase", classname=antipattern.provider, name=antipattern.name)
            ET.SubElement(case, "failure", message=antipattern.about).text = "\n".join(antipattern.by)
        missing = sum(not each.times for each in self.behaviours)
        counts = {"tests": len(suite), "failures": len(self.antipatterns), "skipped": missing, "errors": 0}
        for name, count in counts.items():
            suite.set(name, str(count))
        ET.indent(suite)
        return ET.tostring(suite, "unicode", xml_declaration=True) + "\n"


def format_of(path: Path) -> str:
    """The format that the name of a file says.

    Raises:
        ValueError: it says none of `FORMATS`.
    """
    if path.suffix not in FORMATS:
        raise ValueError(f"{path}: a report of coverage ends with {', '.join(FORMATS)}")
    return path.suffix


def _source(row: Mapping[str, Any]) -> str:
    if row["document"] is None:
        return f"{row['quirk']}"
    return f"{row['document']}: “{row['sentence']}”"


def _code(text: str) -> str:
    return f"`{text}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
