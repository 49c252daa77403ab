"""The stores in a SQLite file and in PostgreSQL: the port's cases."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract_tests.installed import INSTALLED
from contract_tests.stores.port import StorePort
from mockserver.admin.journal_file import create_codec
from mockserver.stores.postgresql import PostgresqlStore
from mockserver.stores.sql import Retention, SqlStore
from mockserver.stores.sqlite import SqliteStore


class TestSqlite(StorePort):
    @pytest.fixture(autouse=True)
    def file(self, tmp_path: Path) -> None:
        self.path = tmp_path / "test.state"

    def open_store(self, retention: Retention) -> SqlStore:
        return SqliteStore(self.path, create_codec(INSTALLED), retention)


class TestPostgresql(StorePort):
    @pytest.fixture(autouse=True)
    def new_database(self, database: str) -> None:
        self.url = database

    def open_store(self, retention: Retention) -> SqlStore:
        return PostgresqlStore(self.url, create_codec(INSTALLED), retention)
