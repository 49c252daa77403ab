"""World files: a world's state as JSON, the one format of fixtures, of files that users write, and of snapshots.

Rule 1: no provider is known here. What an account may contain is described by its provider's JSON Schema, which is passed in.
Rule 2: a file is rejected with one sentence that says where in it, what was found, and what would be right.

`decoding` turns bytes into a document, `rules` validates it and `load` makes a fixture of it; large files are decoded by
`chunked_reader` and validated by `fast_validation`, and `early_rejection` stops the decoding of one with many mistakes. `dump` and `writer` write a world. `diff` lists the differences of two files.
"""

from mockserver.validation.messages import WorldFileError

from .decoding import decode_file
from .diff import difference
from .dump import dump
from .early_rejection import EarlyRejection
from .formats import FORMAT, upgrade
from .load import ClockSetting, WorldFile, find_document_errors, find_file_errors, load, parse, read
from .rules import COMPILED_ABOVE, ProviderSchema, Rules, Switch
from .writer import lines, save

__all__ = [
    "COMPILED_ABOVE",
    "FORMAT",
    "ClockSetting",
    "EarlyRejection",
    "ProviderSchema",
    "Rules",
    "Switch",
    "WorldFile",
    "WorldFileError",
    "decode_file",
    "difference",
    "dump",
    "find_document_errors",
    "find_file_errors",
    "lines",
    "load",
    "parse",
    "read",
    "save",
    "upgrade",
]
