"""A world's state as JSON and back: the one format of fixtures, of world files that users write, and of snapshots.

Rule 1: its words are the house's, never a provider's. What an account may hold is said by its room's JSON Schema, which
is handed in; nothing here knows a room. Rule 2: a file is refused in one sentence that says where in it, what was
found, and what would be right.

`decoding` turns bytes into a document, `checking` holds it to the rules, `reading` makes a world of it; of large files
`pieces` are decoded and `proving` finds them right. `taking` and `writing` are the way back. `comparing` says where two
differ, `holding` what breaks a schema, `refusing` is how a no is said.
"""

from mockserver.validation.messages import WorldFileError

from .diff import difference
from .dump import taken
from .load import ClockSetting, WorldFile, load, parse, read
from .rules import COMPILED_ABOVE, FORMAT, Room, Rules, Switch
from .writer import lines, save

__all__ = [
    "COMPILED_ABOVE",
    "FORMAT",
    "ClockSetting",
    "Room",
    "Rules",
    "Switch",
    "WorldFile",
    "WorldFileError",
    "difference",
    "lines",
    "load",
    "parse",
    "read",
    "save",
    "taken",
]
