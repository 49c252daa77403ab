"""A world's state as JSON and back: the one format of fixtures, of world files that users write, and of snapshots.

Rule 1: its words are the server's, never a provider's. What an account may hold is said by its provider's JSON Schema, which
is handed in; nothing here knows a provider. Rule 2: a file is rejected in one sentence that says where in it, what was
found, and what would be right.

`decoding` turns bytes into a document, `checking` holds it to the rules, `variant` makes a world of it; of large files
`pieces` are decoded and `proving` finds them right. `taking` and `writing` are the way back. `comparing` says where two
differ, `validation` what breaks a schema, `rejecting` is how a no is said.
"""

from mockserver.validation.messages import WorldFileError

from .decoding import decoded as decode_file
from .diff import difference
from .dump import dump
from .load import ClockSetting, WorldFile, load, parse, read
from .rules import COMPILED_ABOVE, FORMAT, ProviderSchema, Rules, Switch
from .writer import lines, save

__all__ = [
    "COMPILED_ABOVE",
    "FORMAT",
    "ClockSetting",
    "ProviderSchema",
    "Rules",
    "Switch",
    "WorldFile",
    "WorldFileError",
    "decode_file",
    "difference",
    "dump",
    "lines",
    "load",
    "parse",
    "read",
    "save",
]
