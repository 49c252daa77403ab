"""Brings the tables of a stored state to the version of this program. Only forward: a newer state is left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Column, MetaData, Table, Text, inspect, select

from .schema import MIGRATIONS, VERSION, VERSION_TABLE

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection

_VERSIONS = Table(VERSION_TABLE, MetaData(), Column("version_num", Text))  # Alembic's


class NewerState(Exception):
    """A state was written by a newer version of this program."""


def read_version(connection: Connection) -> str | None:
    """Return the version of the tables; ``None`` where there are none yet."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    version: str | None = connection.scalar(select(_VERSIONS.c.version_num))
    return version


def migrate(connection: Connection) -> None:
    """Create the tables or bring them forward, in the connection's transaction.

    Raises:
        NewerState: a newer version of this program has written them.
    """
    version = read_version(connection)
    if version == VERSION:
        return
    from alembic import command
    from alembic.script import ScriptDirectory

    config = _config(connection)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if version is not None and version not in known:
        raise NewerState(f"it has version {version}, and this program knows versions up to {VERSION}")
    command.upgrade(config, "head")


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
