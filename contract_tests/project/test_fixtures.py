"""The shipped fixtures: they hold the documents' samples, and making them again gives the same bytes."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from datetime import timedelta
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from contract_tests.installed import PROVIDERS, VARIANTS
from mockserver import worldfile as snapshots
from mockserver.app import read_fixture
from mockserver.cli import cli
from mockserver.cli.fixtures import WORLDS
from mockserver.engine.instants import SECOND, datetime_of, parse_duration, parse_instant
from mockserver.engine.messages import account_key
from mockserver.engine.state import State

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "fixtures" / "worlds"
SAMPLES = ROOT / "fixtures" / "documents" / "dialogtech"


def run(*arguments):
    return CliRunner().invoke(cli, ["fixtures", *map(str, arguments)])


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("worlds")
    assert run("make", "--out", folder).exit_code == 0
    return folder


def world(name):
    return orjson.loads((SHIPPED / f"{name}.json").read_bytes())


def account(name, world_name="demo", provider="dialogtech"):
    return next(
        account
        for account in world(world_name)["accounts"]
        if (account["provider"], account["name"]) == (provider, name)
    )


DEMO = account("demo")["messages"]
TEXTS = [message["text"] for message in DEMO]


# The samples


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("get_messages.php", "0eee1d08ae2a015f5ecdfb51848b9d5ac014cde8914f435ff1e4a4eb5436989f"),
        ("get_messages.xml", "952a4fbd0c59b322557a36750f4a2df04275406de5681137275f0021c07f6740"),
        ("get_numbers.txt", "ab1a9b5d377f8d49e9d2932b23ad559f3efc9e878b948bf626b84790a81e5983"),
        ("get_numbers.xml", "46cefd0539f5fe24153e312b6770d912ed8622871a1c8348bb6dc358c19ad25a"),
        ("send_message.php", "c6c918638f3f65e42cbfb3765cbc88d064c56adb31ce4e0ad1e7e0aa0b9b44e7"),
        ("send_message.xml", "abed03b74dcf4a368475ae84a80f70def4f3185bb81a6d53ce6bc723fe6db70f"),
    ],
)
def test_a_sample_is_byte_for_byte_what_was_taken_from_its_document(name, digest):
    assert sha256((SAMPLES / name).read_bytes()).hexdigest() == digest


def test_every_sample_is_named_in_their_readme():
    readme = (SAMPLES / "README.md").read_text()
    assert set(re.findall(r"^\| `([^`]+)`", readme, re.MULTILINE)) == {path.name for path in SAMPLES.iterdir()} - {
        "README.md"
    }


def test_the_documents_accounts_hold_what_the_samples_print():
    sample = (SAMPLES / "get_messages.xml").read_text()
    printed = re.findall(
        r"<msg_id>(.*?)</msg_id>\s*<to>(.*?)</to>\s*<from>(.*?)</from>\s*"
        r"<message><!\[CDATA\[(.*?)\]\]></message>\s*<date>(.*?)</date>",
        sample,
    )
    assert printed == [
        (row["id"], row["recipient"], row["sender"], row["text"], row["at"].replace("T", " ").rstrip("Z"))
        for row in account("documents")["messages"]
    ]
    assert [row["direction"] for row in account("documents")["messages"]] == ["inbound", "outbound", "outbound"]
    assert account("documents")["logins"] == [{"user": "foo", "secret": "bar"}]
    assert [number["number"] for number in account("documents")["numbers"]] == ["5554332111", "5554443210"]


def test_the_account_of_002_has_the_number_that_it_prints():
    numbers = (SAMPLES / "get_numbers.xml").read_text()
    (number,) = account("numbers-sample")["numbers"]
    assert f'url="{number["url"]}">{number["number"]}</number>' in numbers
    assert account("numbers-sample")["logins"] == [{"user": "ACCESS_KEY", "secret": "SECRET_ACCESS_KEY"}]


# The worlds


@pytest.mark.parametrize("name", WORLDS)
def test_a_shipped_world_comes_out_the_same_when_made_again(name, made):
    assert (made / f"{name}.json").read_bytes() == (SHIPPED / f"{name}.json").read_bytes()


def test_no_world_depends_on_the_day_on_which_it_is_made(tmp_path, monkeypatch):
    def today(*_, **__):
        raise AssertionError("Faker was asked for a date, and its dates reach up to now")

    for method in ("unix_time", "date_time", "date", "day_of_week", "month_name", "date_between"):
        monkeypatch.setattr(f"faker.providers.date_time.Provider.{method}", today)
    assert run("make", "--out", tmp_path).exit_code == 0


@pytest.mark.parametrize("name", WORLDS)
def test_another_seed_makes_another_world(name, tmp_path):
    assert run("make", "--seed", 2, "--out", tmp_path, name).exit_code == 0
    assert (tmp_path / f"{name}.json").read_bytes() != (SHIPPED / f"{name}.json").read_bytes()
    assert run("check", tmp_path / f"{name}.json").exit_code == 0


@pytest.mark.parametrize("name", WORLDS)
def test_a_shipped_world_passes_the_check(name):
    assert len(read_fixture(SHIPPED / f"{name}.json").accounts) == 7


def test_the_worlds_are_small_enough_to_be_read_by_people():
    assert (SHIPPED / "demo.json").stat().st_size < 300_000
    assert (SHIPPED / "small.json").stat().st_size < 20_000


def test_every_provider_has_its_accounts_in_both_worlds():
    for name in WORLDS:
        assert {row["provider"] for row in world(name)["accounts"]} == {provider.name for provider in PROVIDERS}


@pytest.mark.parametrize(
    "text",
    [
        "Zażółć gęślą jaźń",
        "]]>",
        '<b>Tom</b> & "Jerry" said: it\'s 5 > 3 && 3 < 5',
        "STOP",
        "HELP",
        "493027 is your code. Mój kod: 000000.",
        "👨‍👩‍👧‍👦 say thank you, 👩🏽‍🚀 and 🏳️‍🌈 too",
        "first line\nsecond line\n\nfourth line",
        "one\r\ntwo\r\nthree",
        " a space before",
        "a space behind ",
        "k",
    ],
)
def test_the_demo_has_texts_that_break_careless_programs(text):
    assert text in TEXTS


def test_the_demo_has_outbound_texts_of_exactly_256_characters():
    longest = [row["text"] for row in DEMO if row["direction"] == "outbound" and len(row["text"]) == 256]
    assert [len(text.encode()) for text in longest] == [256, 327, 1024]


def test_the_demo_has_one_time_codes():
    assert sum(bool(re.match(r"\d{6} is your .* verification code", text)) for text in TEXTS) >= 3


@pytest.mark.parametrize(
    ("zone", "change"), [("Europe/Warsaw", "2026-03-29T01:00:00Z"), ("America/New_York", "2025-11-02T06:00:00Z")]
)
def test_the_demo_has_messages_on_both_sides_of_a_change_of_clocks(zone, change):
    from zoneinfo import ZoneInfo

    at = parse_instant(change)
    times = {parse_instant(row["at"]) for row in DEMO if row["at"].startswith("2")}
    assert {at - SECOND, at} <= times
    before, after = (datetime_of(instant, ZoneInfo(zone)).utcoffset() for instant in (at - SECOND, at))
    assert abs(before - after) == timedelta(hours=1)


def ages():
    """Seconds before the world's start, for each message."""
    return [parse_duration(row["at"]) / SECOND for row in DEMO if row["at"].startswith("P")]


def test_the_demo_reaches_back_fourteen_months_and_up_to_this_week():
    assert 415 < max(ages()) / 86_400 <= 426
    assert 0 < min(ages()) / 86_400 < 7


def test_the_demo_has_a_whole_month_without_messages_wherever_months_begin():
    # Two neighbouring months have at most 62 days, so 62 days hold at least one whole month.
    assert any(older - newer > 62 * 86_400 for older, newer in pairwise(sorted(ages(), reverse=True)))


def test_the_demo_has_days_with_several_conversations():
    days = defaultdict(set)
    for row in DEMO:
        if row["at"].startswith("P"):
            days[parse_duration(row["at"]) // SECOND // 86_400].add(frozenset((row["sender"], row["recipient"])))
    assert max(map(len, days.values())) >= 3


def test_the_demo_has_several_messages_at_the_very_same_second():
    assert max(Counter(row["at"] for row in DEMO).values()) == 3


def test_the_demo_never_sent_more_than_the_limits_allow():
    # 001: "1 sms per number per second", "4 sms per DialogTech account per second"
    sent = Counter((row["sender"], row["at"]) for row in DEMO if row["direction"] == "outbound")
    assert set(sent.values()) == {1}
    assert max(Counter(at for _, at in sent).values()) <= 4


def test_the_demo_sends_from_its_sms_enabled_numbers_only():
    numbers = {row["number"]: row.get("sms_enabled", True) for row in account("demo")["numbers"]}
    assert sorted(numbers.values()) == [False] + [True] * 6
    ours = {row["sender"] if row["direction"] == "outbound" else row["recipient"] for row in DEMO}
    assert ours == {number for number, is_enabled in numbers.items() if is_enabled}


def test_identifiers_ascend_in_each_direction():
    for direction in ("inbound", "outbound"):
        ids = [int(row["id"]) for row in DEMO if row["direction"] == direction]
        assert ids == sorted(set(ids))


def test_the_demo_is_there_for_a_world_of_any_age():
    fixture = read_fixture(SHIPPED / "demo.json")
    for birth in map(parse_instant, ("2000-01-01T00:00:00Z", "2031-05-05T05:05:05Z")):
        state = State(fixture, birth, VARIANTS)
        index_key, week = account_key("dialogtech/demo"), 7 * 86_400 * SECOND
        assert state.message_store.count(index_key, birth - 61 * week, birth) >= 392  # all but those at instants
        assert state.message_store.count(index_key, birth - week, birth) > 0


# The command


def test_any_number_of_messages_can_be_made(tmp_path):
    done = run("make", "--messages", 1_234, "--out", tmp_path / "big.json", "demo")
    assert (done.exit_code, done.stdout) == (0, f"{tmp_path / 'big.json'}\n")
    fixture = read_fixture(tmp_path / "big.json")
    assert len(fixture.fixed) + len(fixture.relative) == 1_234


@pytest.mark.parametrize("more", [0, 1, 2, 7, 61])
def test_a_few_messages_are_made_exactly(more, tmp_path):
    printed = sum(len(row["messages"]) for row in world("demo")["accounts"] if row["name"] != "demo")
    size = printed + len(PROVIDERS) + more
    assert run("make", "--messages", size, "--out", tmp_path / "few.json").exit_code == 0
    document = orjson.loads((tmp_path / "few.json").read_bytes())
    assert sum(len(account["messages"]) for account in document["accounts"]) == size


def test_fewer_messages_than_the_documents_have_are_rejected(tmp_path):
    done = run("make", "--messages", 2, "--out", tmp_path / "few.json")
    assert done.exit_code == 2
    assert "Error: --messages is at least 21: the documents' own 18, and one for each demo account" in done.stderr


def test_progress_goes_to_stderr(tmp_path):
    done = run("make", "--out", tmp_path)
    assert done.stdout == f"{tmp_path / 'demo.json'}\n{tmp_path / 'small.json'}\n"
    assert "dialogtech/demo" in done.stderr


def test_what_is_right_is_said_on_stdout_and_what_is_wrong_on_stderr(tmp_path):
    wrong = tmp_path / "wrong.json"
    wrong.write_text('{"mockserver": 1, "acounts": []}')
    done = run("check", SHIPPED / "small.json", wrong, tmp_path / "nowhere.json")
    assert done.exit_code == 1
    assert done.stdout == f"{SHIPPED / 'small.json'}: 7 accounts, 54 messages\n"
    assert done.stderr == (
        f"{wrong}: acounts: unknown key; did you mean 'accounts'?\n"
        f"{wrong}: accounts: is missing\n"
        f"{tmp_path / 'nowhere.json'}: the file cannot be read (No such file or directory)\n"
    )


def test_the_switches_of_every_provider_and_of_the_server_are_known_to_the_check(tmp_path):
    snapshots.save(tmp_path / "world.json", {"mockserver": 1, "variants": VARIANTS, "accounts": []})
    assert run("check", tmp_path / "world.json").exit_code == 0


def test_nothing_but_a_world_file_is_written_over(tmp_path):
    (tmp_path / "demo.json").write_text('{"name": "my-package"}')
    done = run("make", "--out", tmp_path)
    assert done.exit_code == 2
    assert "demo.json exists and is not a world file; it is not overwritten" in done.stderr
    assert [path.read_text() for path in tmp_path.iterdir()] == ['{"name": "my-package"}']


def test_two_worlds_are_not_written_to_one_file(tmp_path):
    done = run("make", "--out", tmp_path / "both.json")
    assert done.exit_code == 2
    assert "both.json is one file, but 2 worlds are to be written: demo, small" in done.stderr
    assert not list(tmp_path.iterdir())


def test_faker_is_not_imported_where_nothing_is_made():
    import subprocess
    import sys

    program = "import sys, mockserver.app, mockserver.cli.fixtures as m; print([m for m in ('faker', 'jsonschema') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
