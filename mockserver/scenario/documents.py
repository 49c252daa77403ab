"""Reads the document of a scenario file: JSON, or YAML by PyYAML.

Of YAML's unquoted words only those that JSON has are no texts: numbers as JSON writes them, ``true``, ``false`` and ``null``. So
``no``, ``2026-06-01``, ``+48500600700`` and ``0048`` are texts. PyYAML only parses: its constructors of Python objects are not
used, so a file cannot name any.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mockserver.validation.messages import Place, WorldFileError, show_value
from mockserver.worldfile.decoding import decode

from .errors import ScenarioError

if TYPE_CHECKING:
    from yaml.nodes import MappingNode, Node

YAML_SUFFIXES = (".yaml", ".yml")
"""The ends of the names of files that are read as YAML; all others are read as JSON."""

MISSING_YAML = "reading YAML needs PyYAML: pip install 'sms-mockserver[yaml]'; JSON needs nothing"
"""What to do when PyYAML is not installed."""

_MOST_NODES = 100_000
"""The values that a YAML document may have, those of repeated aliases counted each time."""
_DEEPEST = 100
"""The levels that a YAML document may have."""


class Document(NamedTuple):
    """The document of a file."""

    value: Any
    lines: Mapping[Place, int]
    """The line on which each value begins, counted from 1, by the value's place; empty for JSON."""


def read_document(path: Path) -> Document:
    """Read a file as YAML or JSON, by the end of its name.

    Raises:
        ScenarioError: it cannot be read, is no document, or is YAML and PyYAML is not installed.
    """
    try:
        raw = path.read_bytes()
    except OSError as reason:
        raise ScenarioError(f"the file cannot be read ({reason.strerror})", file=path) from reason
    try:
        return decode_yaml(raw) if path.suffix.lower() in YAML_SUFFIXES else Document(decode(raw), {})
    except WorldFileError as reason:
        raise ScenarioError(reason.difference, reason.place, path) from reason
    except ScenarioError as reason:
        raise reason.in_file(path) from reason


def decode_yaml(raw: bytes) -> Document:
    """Decode YAML.

    Raises:
        ScenarioError: it is not YAML, repeats a key, has a key that is no text or a tag, or PyYAML is not installed.
    """
    try:
        import yaml
    except ModuleNotFoundError as reason:
        raise ScenarioError(MISSING_YAML) from reason
    try:
        node = yaml.compose(raw.decode(), Loader=yaml.SafeLoader)
    except UnicodeDecodeError as reason:
        raise ScenarioError("the file is not UTF-8") from reason
    except RecursionError as reason:
        raise ScenarioError(f"the file is nested more than {_DEEPEST} levels deep") from reason
    except yaml.YAMLError as reason:
        mark = getattr(reason, "problem_mark", None)
        problem = getattr(reason, "problem", None) or str(reason).partition("\n")[0]
        line = None if mark is None else mark.line + 1
        raise ScenarioError(f"the file is not YAML: {problem}", line=line) from reason
    if node is None:
        raise ScenarioError("the file is empty")
    builder = _Builder()
    return Document(builder.build(node, ()), builder.lines)


class _Builder:
    """Builds the values of a document from PyYAML's nodes."""

    def __init__(self) -> None:
        self.lines: dict[Place, int] = {}
        self._count = 0

    def build(self, node: Node, place: Place) -> Any:
        from yaml.nodes import MappingNode, ScalarNode, SequenceNode

        line = node.start_mark.line + 1
        self.lines[place] = line
        self._count += 1
        if self._count > _MOST_NODES:
            raise ScenarioError(f"the file has more than {_MOST_NODES} values", place, line=line)
        if len(place) > _DEEPEST:  # an alias inside of what it stands for has no end
            raise ScenarioError(f"the file is nested more than {_DEEPEST} levels deep", place[:10], line=line)
        if isinstance(node, ScalarNode):
            return _scalar(node, place)
        if isinstance(node, SequenceNode):
            return [self.build(item, (*place, index)) for index, item in enumerate(node.value)]
        assert isinstance(node, MappingNode)
        return self._mapping(node, place)

    def _mapping(self, node: MappingNode, place: Place) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value in node.value:
            line = key_node.start_mark.line + 1
            key = self.build(key_node, (*place, ""))
            if not isinstance(key, str):
                raise ScenarioError(f"the key {show_value(key)} is not a text; write it in quotes", place, line=line)
            if key in found:
                raise ScenarioError("the key is written more than once", (*place, key), line=line)
            found[key] = self.build(value, (*place, key))
        return found


_TEXT = "tag:yaml.org,2002:str"
_PLAIN: tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...] = (
    (re.compile(r"~|null|"), lambda _: None),
    (re.compile(r"true"), lambda _: True),
    (re.compile(r"false"), lambda _: False),
    (re.compile(r"-?(0|[1-9][0-9]{0,17})"), int),
    (re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]+)?([eE][-+]?[0-9]{1,3})?"), float),
)
"""The plain scalars that are no texts."""
_EXPONENT = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]+)?[eE][0-9]{1,3}")
_IMPLICIT = {
    _TEXT,
    *(f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "timestamp", "merge", "value")),
}
"""The tags that PyYAML gives to scalars by itself."""


def _scalar(node: Any, place: Place) -> Any:
    text: str = node.value
    if node.tag not in _IMPLICIT:
        raise ScenarioError(f"the tag {show_value(node.tag)} cannot be used", place, line=node.start_mark.line + 1)
    if node.style is not None:  # quoted, or a block of text
        return text
    if node.tag == _TEXT:  # marked as a text; or PyYAML's exponents need a sign
        return float(text) if _EXPONENT.fullmatch(text) else text
    for pattern, read in _PLAIN:
        if pattern.fullmatch(text):
            return read(text)
    return text
