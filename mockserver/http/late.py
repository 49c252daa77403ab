"""Objects of Flask's and Werkzeug's that are made whole at the first look.

A provider's request passes through Flask without anybody looking into its request, its URL adapter or its response:
who makes them keeps what they are made of, and whoever looks gets what Flask would have made of that.
"""

from __future__ import annotations

from typing import Any


class Late:
    """Beside a class of Flask's or Werkzeug's: its attributes come into being when one of them is missed."""

    _made_of: Any = None
    """What `_whole` needs, as it was when this was made. Not made yet (`copy.copy` looks into such a one): ``None``."""

    def _whole(self) -> object:
        """The same thing, made the ordinary way."""
        raise NotImplementedError

    def __getattr__(self, name: str) -> Any:
        """Python asks here only for what is not there."""
        if self._made_of is not None:
            mine = vars(self)
            for each, value in vars(self._whole()).items():
                mine.setdefault(each, value)  # what was assigned before the first look stays
        return object.__getattribute__(self, name)  # not getattr, which would ask here again
