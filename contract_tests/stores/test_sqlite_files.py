"""Files that are no usable state, and places where none can be: a sentence, an exit code, and the file is left as it was."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from contract_tests.commands import run_command
from contract_tests.installed import CALLBACKS, INSTALLED, VARIANTS
from contract_tests.stores.port import SMALL, count, exchange, receive, texts
from mockserver import Mock
from mockserver.admin.journal_file import create_codec
from mockserver.engine.event_log import StoreUnavailable
from mockserver.engine.instants import parse_instant
from mockserver.engine.registry import WorldRegistry
from mockserver.engine.world import World
from mockserver.stores.errors import StateNotAllowed, StateUnusable
from mockserver.stores.postgresql import PostgresqlStore
from mockserver.stores.sql import Retention
from mockserver.stores.sqlite import SqliteStore

NOON = parse_instant("2026-06-01T12:00:00Z")


def open_file(path: Path) -> WorldRegistry:
    return WorldRegistry(SMALL, VARIANTS, providers=CALLBACKS, store=SqliteStore(path, create_codec(INSTALLED)))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


KILLED = """
import os, signal, sys
from pathlib import Path
from contract_tests.stores.test_sqlite_files import open_file
from contract_tests.stores.port import receive
registry = open_file(Path(sys.argv[1]))
receive(registry.default, "message 0")
registry.close()
registry = open_file(Path(sys.argv[1]))
for number in range(1, 20):
    receive(registry.default, f"message {number}")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a state whose server was stopped, and one whose server was killed."""
    folder = tmp_path_factory.mktemp("states")
    registry = open_file(folder / "stopped.state")
    receive(registry.default, "kept")
    registry.close()
    done = subprocess.run([sys.executable, "-c", KILLED, folder / "killed.state"], cwd=Path(__file__).parents[2])
    assert -signal.SIGKILL == done.returncode
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy of those states that the test may change."""
    return shutil.copytree(made, tmp_path / "states")


def serve(path: Path) -> tuple[int, str]:
    """Start a server on a state that it cannot use, in this process: it ends before it listens."""
    done = run_command("serve", "--port", 0, "--no-https", "--no-proxy", "--state", path)
    return done.returncode, done.stderr


def test_a_stopped_server_leaves_one_file(made: Path) -> None:
    assert ["killed.state", "killed.state-wal", "stopped.state"] == sorted(contents(made))


def test_what_a_killed_server_has_acknowledged_is_there(folder: Path) -> None:
    registry = open_file(folder / "killed.state")
    registry.default.refresh()

    assert [f"message {number}" for number in range(20)] == texts(registry.default)
    registry.close()
    assert "killed.state-wal" not in contents(folder)


def foreign(path: Path) -> None:
    path.write_text('{"accounts": []}')


def foreign_database(path: Path) -> None:
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE notes (text)")
    connection.close()


def newer(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE mockserver_version SET version_num = '9999'")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def cut(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2 + 100)


def cut_in_the_head(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(50)


def zeroed(path: Path) -> None:
    """Overwrite the second half, as a disk does that lies."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\0" * (size - 4096))


LEAVE_A_NEWER_VERSION = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("UPDATE mockserver_version SET version_num = '9999'")
connection.commit()
os._exit(0)
"""

UNUSABLE = {
    "foreign": (foreign, "is not a state of mockserver, and was left as it is"),
    "foreign_database": (foreign_database, "is a SQLite file of another program, and was left as it is"),
    "newer": (newer, "was written by a newer version of mockserver (tables 9999, and this one knows those up to 0001)"),
    "cut": (cut, "is damaged (database disk image is malformed); it was left as it is"),
    "cut_in_the_head": (cut_in_the_head, "is damaged: it ends after 50 bytes; it was left as it is"),
    "zeroed": (zeroed, "is damaged (database disk image is malformed); it was left as it is"),
}


@pytest.mark.parametrize("how", UNUSABLE)
def test_an_unusable_file_is_rejected_and_left_as_it_was(how: str, folder: Path) -> None:
    damage, sentence = UNUSABLE[how]
    path = folder / "stopped.state"
    damage(path)
    before = contents(folder)

    code, error = serve(path)

    assert 2 == code
    assert (
        f"mockserver: {'the state ' if 'damaged' in sentence or 'newer' in sentence else ''}{path} {sentence}" in error
    )
    assert 1 == error.count("\n")
    assert before == contents(folder)


@pytest.mark.parametrize("how", ["newer", "cut", "zeroed"])
def test_an_unusable_file_of_a_killed_server_is_left_as_it_was(how: str, folder: Path) -> None:
    path = folder / "killed.state"
    if how == "newer":
        subprocess.run([sys.executable, "-c", LEAVE_A_NEWER_VERSION, path], check=True)
        (folder / "killed.state-shm").unlink()
    else:
        UNUSABLE[how][0](path)
    before = contents(folder)

    code, error = serve(path)

    assert 2 == code
    assert "it was left as it is" in error
    assert before == contents(folder)


def test_damage_inside_the_file_of_a_killed_server_is_found_before_anything_is_written(folder: Path) -> None:
    path = folder / "killed.state"
    pages = path.stat().st_size // 4096
    with path.open("r+b") as file:
        for page in range(3, pages):
            file.seek(page * 4096)
            file.write(b"\xff" * 16)
    before = contents(folder)

    with pytest.raises(StateUnusable, match="is damaged"):
        open_file(path)

    assert before == contents(folder)


def test_an_empty_file_becomes_a_state(tmp_path: Path) -> None:
    path = tmp_path / "test.state"
    path.touch()

    open_file(path).close()

    assert ["test.state"] == list(contents(tmp_path))
    assert 0 == run_command("state", "check", path).returncode


def test_a_file_that_another_process_holds_is_not_allowed(folder: Path) -> None:
    path = folder / "stopped.state"
    hold = (
        "import sys; from pathlib import Path; from contract_tests.stores.test_sqlite_files import open_file\n"
        "registry = open_file(Path(sys.argv[1])); print(flush=True); sys.stdin.read(); registry.close()"
    )
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", hold, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        before = path.read_bytes()

        assert (
            5,
            f"mockserver: the state {path} is in use by another process; one server at a time can have it\n",
        ) == (serve(path))
        assert before == path.read_bytes()
        done = run_command("state", "check", path)
        assert (5, "") == (done.returncode, done.stdout)
        holder.communicate()

    assert 0 == run_command("state", "check", path).returncode


def test_a_file_that_this_process_holds_is_not_allowed_and_stays_locked(folder: Path) -> None:
    path = folder / "stopped.state"
    registry = open_file(path)

    with pytest.raises(StateNotAllowed, match="in use by this process already"):
        open_file(path)

    other = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('SELECT * FROM worlds')"
    done = subprocess.run([sys.executable, "-c", other, path], capture_output=True, text=True)
    assert "database is locked" in done.stderr
    registry.close()
    open_file(path).close()


def test_a_file_is_free_again_after_the_process_has_changed_its_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    registry = open_file(Path("stopped.state"))
    (folder / "other").mkdir()
    monkeypatch.chdir(folder / "other")
    receive(registry.default, "from another folder")
    registry.close()

    again = open_file(folder / "stopped.state")
    again.default.refresh()
    assert ["kept", "from another folder"] == texts(again.default)
    again.close()
    assert {"stopped.state", "killed.state", "killed.state-wal"} == contents(folder).keys()


def test_a_link_is_the_state_that_it_leads_to(folder: Path) -> None:
    (folder / "links").mkdir()
    for name in ("killed", "new"):
        (folder / "links" / name).symlink_to(folder / f"{name}.state")
    registry = open_file(folder / "links" / "new")
    receive(registry.default, "in a new one")
    registry.close()
    assert {"stopped.state", "killed.state", "killed.state-wal", "new.state"} == contents(folder).keys()
    assert {"killed", "new"} == {path.name for path in (folder / "links").iterdir() if path.is_symlink()}

    (folder / "killed.state").unlink()
    with pytest.raises(StateUnusable, match=r"but commits of one in .*killed\.state-wal"):
        open_file(folder / "links" / "killed")


@pytest.mark.parametrize("name", ["", ".", "/"])
def test_a_state_without_a_name_is_no_file(name: str) -> None:
    assert (
        2,
        f"mockserver: {Path(name)} is not a file; a state is a file, such as {Path(name) / 'mockserver.state'}\n",
    ) == serve(Path(name))


def test_a_folder_is_no_state(tmp_path: Path) -> None:
    code, error = serve(tmp_path)

    assert 2 == code
    assert f"{tmp_path} is not a file; a state is a file, such as {tmp_path}/mockserver.state" in error


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    code, error = serve(tmp_path / "missing" / "test.state")

    assert (2, f"mockserver: there is no folder {tmp_path}/missing for the state test.state\n") == (code, error)


def test_another_database_is_not_offered(tmp_path: Path) -> None:
    done = run_command("serve", "--port", 0, "--state", "mysql://root@localhost/x")

    assert 2 == done.returncode
    assert "a state is a file or a postgresql:// URL, not mysql://…" in done.stderr


@pytest.fixture
def open_to_others(folder: Path) -> Iterator[Path]:
    """The folder, which every user can reach, read and write; its parents are not hidden from others meanwhile."""
    parents = [each for each in folder.parents if each.stat().st_uid == os.getuid() and each.stat().st_mode & 0o77 == 0]
    modes = {each: each.stat().st_mode for each in parents}
    for each in parents:
        each.chmod(0o711)
    folder.chmod(0o777)
    for file in folder.iterdir():
        file.chmod(0o666)
    yield folder
    folder.chmod(0o777)
    for each, mode in modes.items():
        each.chmod(mode)


OPEN = """
import os, sys
from pathlib import Path
from mockserver.stores import migrate
from mockserver.stores.sqlite import open_state
if os.getuid() == 0:  # root may write everywhere
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    open_state(Path(sys.argv[1])).close()
except (PermissionError, ValueError) as reason:
    print(type(reason).__name__, reason)
"""


def open_as_another_user(path: Path) -> str:
    command = [sys.executable, "-c", OPEN, path]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert "" == done.stderr
    return done.stdout


@pytest.mark.parametrize("what", ["folder", "file"])
def test_a_read_only_place_is_not_allowed(what: str, open_to_others: Path) -> None:
    path = open_to_others / "stopped.state"
    if what == "folder":
        open_to_others.chmod(0o555)
    else:
        path.chmod(0o444)
    before = contents(open_to_others)

    said = open_as_another_user(path)

    assert (
        f"StateNotAllowed the state {path} cannot be written: this user needs to write the file and its folder\n"
        == said
    )
    assert before == contents(open_to_others)


def test_a_new_state_in_a_read_only_folder_is_not_allowed(open_to_others: Path) -> None:
    open_to_others.chmod(0o555)

    assert "StateNotAllowed" in open_as_another_user(open_to_others / "new.state")
    assert "new.state" not in contents(open_to_others)


def test_a_place_where_one_may_write_is_fine(open_to_others: Path) -> None:
    assert "" == open_as_another_user(open_to_others / "stopped.state")


@pytest.fixture
def full() -> Iterator[Any]:
    """Let no file of this process grow beyond a size: every write behind it fails, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(size: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))

    yield limit
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def receive_until_it_fails(world: World) -> int:
    """Receive messages, and return how many were acknowledged."""
    for number in range(1000):
        try:
            receive(world, f"message {number}")
        except StoreUnavailable as reason:
            if "stopped.state cannot be read or written: " in str(reason):
                return number
            raise
    return 1000


def test_a_full_disk_rejects_requests_until_there_is_room_and_keeps_what_was_acknowledged(
    folder: Path, full: Any
) -> None:
    registry = open_file(folder / "stopped.state")
    world = registry.default
    world.refresh()
    full((folder / "stopped.state-wal").stat().st_size + 64 * 1024)
    kept = receive_until_it_fails(world)
    expected = ["kept", *(f"message {number}" for number in range(kept))]
    assert 0 < kept < 1000
    with pytest.raises(StoreUnavailable):
        receive(world, "while it is full")
    full(resource.RLIM_INFINITY)

    world.refresh()
    assert expected == texts(world)
    receive(world, "after")
    registry.close()

    again = open_file(folder / "stopped.state")
    again.default.refresh()
    assert [*expected, "after"] == texts(again.default)
    again.close()


def send(port: int, text: str) -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    form = urlencode({"username": "demo", "password": "demo", "phone": "+48500600700", "text": text})
    connection.request("POST", "/messages/send_sms.json", form, {"Content-Type": "application/x-www-form-urlencoded"})
    response = connection.getresponse()
    found = response.status, response.read()
    connection.close()
    return found


def test_a_server_on_a_full_disk_answers_with_the_providers_error_and_goes_on_when_there_is_room(
    tmp_path: Path,
) -> None:
    path = tmp_path / "test.state"
    command = [sys.executable, "-m", "mockserver", "serve", "--port", "0", "--no-https", "--no-proxy"]
    command += ["--format", "json", "--log", "quiet", "--state", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = urlsplit(json.loads(server.stdout.readline())["url"]).port
        assert port is not None
        try:
            assert 200 == send(port, "first")[0]
            size = path.with_name("test.state-wal").stat().st_size + 256 * 1024
            resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
            answers = {f"message {number}": send(port, f"message {number}") for number in range(200)}
            accepted = [text for text, (status, _) in answers.items() if status == 200]
            rejected = {answer for answer in answers.values() if answer[0] != 200}
            resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            assert 200 == send(port, "last")[0]
            stored = [message.text for message in Mock.at(f"http://127.0.0.1:{port}").world.messages()]
        finally:
            server.terminate()

    assert ["first", *accepted, "last"] == [text for text in stored if text in {"first", *answers, "last"}]
    assert 0 < len(accepted) < 200
    ((status, body),) = rejected
    assert 500 == status
    assert {"success", "error"} & json.loads(body).keys()


def test_no_state_is_made_on_a_full_disk(tmp_path: Path, full: Any) -> None:
    full(8192)

    with pytest.raises(StateUnusable, match="is the disk full"):
        open_file(tmp_path / "test.state")

    assert {} == contents(tmp_path)


def test_a_server_that_has_no_room_for_its_first_world_says_so(tmp_path: Path, full: Any) -> None:
    full(128 * 1024)

    code, message = serve(tmp_path / "test.state")

    assert 2 == code
    assert message.startswith(f"mockserver: the state {tmp_path / 'test.state'} cannot be read or written: ")


def test_what_is_written_into_a_file_that_was_deleted_is_not_acknowledged(folder: Path) -> None:
    registry = open_file(folder / "stopped.state")
    world = registry.default
    receive(world, "before")
    (folder / "stopped.state").rename(folder / "moved.state")
    with pytest.raises(StoreUnavailable, match=r"stopped\.state was deleted, moved or replaced while it is in use"):
        receive(world, "while it is gone")
    shutil.copyfile(folder / "moved.state", folder / "stopped.state")
    with pytest.raises(StoreUnavailable, match="was deleted, moved or replaced"):
        receive(world, "while another file has its name")
    (folder / "moved.state").replace(folder / "stopped.state")

    receive(world, "after")
    registry.close()

    again = open_file(folder / "stopped.state")
    again.default.refresh()
    assert ["kept", "before", "after"] == texts(again.default)
    again.close()


def test_commits_of_a_file_that_was_deleted_are_not_merged_into_a_new_one(folder: Path) -> None:
    (folder / "killed.state").unlink()
    before = contents(folder)
    sentence = f"there is no state {folder / 'killed.state'}, but commits of one in {folder / 'killed.state-wal'}; "
    sentence += "put the file back beside them, or delete them to begin a new state"
    assert (2, f"mockserver: {sentence}\n") == serve(folder / "killed.state")
    assert before == contents(folder)

    (folder / "killed.state-wal").unlink()
    registry = open_file(folder / "killed.state")
    assert [] == texts(registry.default)
    registry.close()


def test_a_checked_and_an_exported_state_are_left_as_they_were(folder: Path, tmp_path: Path) -> None:
    before = contents(folder)
    for name in ("stopped.state", "killed.state"):
        assert 0 == run_command("state", "check", folder / name).returncode
        assert 0 == run_command("state", "export", folder / name, tmp_path / f"{name}.jsonl").returncode

    assert before == contents(folder)


def test_an_exported_state_is_imported_whole(folder: Path, tmp_path: Path) -> None:
    exported, new = tmp_path / "exported.jsonl", tmp_path / "new.state"
    registry = open_file(folder / "killed.state")
    registry.default.record_exchange(exchange(NOON, b"body"))
    registry.create(SMALL, world_id="other")
    registry.close()
    run_command("state", "export", folder / "killed.state", exported)

    done = run_command("state", "import", new, exported)

    assert (0, "2 worlds were imported.\n") == (done.returncode, done.stdout)
    run_command("state", "export", new, tmp_path / "again.jsonl")
    assert exported.read_bytes() == (tmp_path / "again.jsonl").read_bytes()
    again = open_file(new)
    again.default.refresh()
    assert [f"message {number}" for number in range(20)] == texts(again.default)
    assert [b"body"] == [each.body for each in again.default.journal.since(0)]
    again.close()


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (slice(0, -1), "the exported state is incomplete"),
        (slice(1, None), "this is not an exported state; `mockserver state export` writes one"),
    ],
)
def test_an_incomplete_export_makes_no_state(folder: Path, tmp_path: Path, lines: slice, sentence: str) -> None:
    exported = tmp_path / "exported.jsonl"
    run_command("state", "export", folder / "stopped.state", exported)
    exported.write_bytes(b"".join(exported.read_bytes().splitlines(keepends=True)[lines]))

    done = run_command("state", "import", tmp_path / "new.state", exported)

    assert 2 == done.returncode
    assert sentence in done.stderr
    assert ["exported.jsonl"] == list(contents(tmp_path))


def test_an_export_is_not_imported_into_a_state_with_worlds(folder: Path, tmp_path: Path) -> None:
    exported = tmp_path / "exported.jsonl"
    run_command("state", "export", folder / "stopped.state", exported)

    done = run_command("state", "import", folder / "stopped.state", exported)

    assert 2 == done.returncode
    assert "the state to import into has worlds already" in done.stderr


def test_a_compact_state_is_smaller_and_has_all_that_it_had(folder: Path) -> None:
    path = folder / "stopped.state"
    registry = open_file(path)
    for _ in range(300):
        count(registry.default, "window", keep=1)
    dropped = registry.create(SMALL, world_id="dropped")
    receive(dropped, "gone")
    registry.drop(dropped)
    registry.close()
    store = SqliteStore(path, create_codec(INSTALLED), Retention(history=5))
    store.close()
    before = path.stat().st_size

    done = run_command("state", "compact", path, MOCKSERVER_STATE_HISTORY="5")

    assert (0, "1 worlds are compact.\n") == (done.returncode, done.stdout)
    assert path.stat().st_size <= before
    again = open_file(path)
    again.default.refresh()
    assert ["kept"] == texts(again.default)
    assert 301 == again.default.log.sequence  # type: ignore[union-attr]  # it is kept in a store
    again.close()


@pytest.mark.parametrize("command", [("check",), ("compact",), ("export", os.devnull)])
def test_a_missing_state_is_named_and_not_made(command: tuple[str, ...], tmp_path: Path) -> None:
    name, *more = command

    done = run_command("state", name, tmp_path / "test.state", *more)

    assert (2, f"mockserver: there is no state {tmp_path}/test.state\n") == (done.returncode, done.stderr)
    assert {} == contents(tmp_path)


def test_an_export_that_fails_leaves_an_existing_file_as_it_was(folder: Path, tmp_path: Path) -> None:
    exported = tmp_path / "exported.jsonl"
    exported.write_text("an older one")
    with sqlite3.connect(folder / "stopped.state") as connection:
        connection.execute("DROP TABLE snapshots")
    connection.close()

    assert 2 == run_command("state", "export", folder / "stopped.state", exported).returncode
    assert "an older one" == exported.read_text()


def test_a_check_finds_a_commit_that_is_missing(folder: Path) -> None:
    path = folder / "stopped.state"
    registry = open_file(path)
    for number in range(4):
        receive(registry.default, f"message {number}")
    registry.close()
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM commits WHERE sequence = 3")
    connection.close()

    done = run_command("state", "check", path)

    assert 1 == done.returncode
    assert "world 'default'" in done.stderr


def test_a_state_moves_to_postgresql_and_back(folder: Path, tmp_path: Path, database: str) -> None:
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    for name, *arguments in (
        ("export", folder / "killed.state", first),
        ("import", database, first),
        ("check", database),
        ("export", database, second),
        ("import", tmp_path / "back.state", second),
    ):
        done = run_command("state", name, *arguments)
        assert (0, "") == (done.returncode, done.stderr)

    assert first.read_bytes() == second.read_bytes()
    again = open_file(tmp_path / "back.state")
    again.default.refresh()
    assert [f"message {number}" for number in range(20)] == texts(again.default)
    again.close()


def test_worlds_that_were_moved_to_postgresql_go_on_there(folder: Path, tmp_path: Path, database: str) -> None:
    exported = tmp_path / "exported.jsonl"
    run_command("state", "export", folder / "killed.state", exported)
    run_command("state", "import", database, exported)
    assert 0 == run_command("state", "compact", database).returncode

    for text in ("in PostgreSQL", "and after a restart"):
        store = PostgresqlStore(database, create_codec(INSTALLED))
        registry = WorldRegistry(SMALL, VARIANTS, providers=CALLBACKS, store=store)
        registry.default.refresh()
        receive(registry.default, text)
        found = texts(registry.default)
        registry.close()

    assert ["message 19", "in PostgreSQL", "and after a restart"] == found[-3:]
