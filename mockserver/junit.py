"""Writes JUnit XML, the format in which build servers read test results."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

_UNPRINTABLE = re.compile("[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Control characters, and what else XML does not allow."""


def format_junit(root: ET.Element) -> str:
    """Return a ``testsuite`` or ``testsuites`` element as a document, with the numbers of its tests and without control characters.

    Args:
        root: the element with its ``testcase`` elements; it is changed.
    """
    for suite in root.iter("testsuite"):
        counts = {tag: len(suite.findall(f"testcase/{tag}")) for tag in ("failure", "error", "skipped")}
        suite.set("tests", str(len(suite)))
        for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            suite.set(name, str(counts[tag]))
    for element in root.iter():
        if element.text is not None:
            element.text = _UNPRINTABLE.sub("\ufffd", element.text)
        for name, value in element.items():
            element.set(name, _UNPRINTABLE.sub("\ufffd", value))
    ET.indent(root)
    return ET.tostring(root, "unicode", xml_declaration=True) + "\n"
