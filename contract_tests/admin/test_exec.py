"""``mockserver exec`` and ``mockserver env``: how a command is run, how it ends, and what the report says."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from contract_tests.commands import run_command
from mockserver.client import Mock
from mockserver.server import MockServer

COMMAND = [sys.executable, "-m", "mockserver"]
NUMBERS = "/ibp_api.php?action=sms.get_numbers&access_key=foo&secret_access_key=bar"


def run(*arguments: str, **options) -> subprocess.CompletedProcess[str]:
    options.setdefault("timeout", 120)
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, **options)


def python(program: str) -> list[str]:
    return ["--", sys.executable, "-c", program]


def curl(*arguments: str) -> list[str]:
    return ["--", "curl", "-sS", "--max-time", "60", *arguments]


def test_the_commands_output_is_untouched_and_its_exit_code_is_ours():
    done = run("exec", *python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(7)"))

    assert (7, "out\n", "err\n") == (done.returncode, done.stdout, done.stderr)


def test_its_input_is_ours():
    assert "GIVEN" == run("exec", *python("print(input().upper(), end='')"), input="given").stdout


def test_options_behind_the_command_are_its_own():
    done = run("exec", sys.executable, "-c", "import sys; print(sys.argv[1:])", "--report", "--help")

    assert (0, "['--report', '--help']\n", "") == (done.returncode, done.stdout, done.stderr)


def test_no_command_is_misuse():
    done = run_command("exec")

    assert (2, "") == (done.returncode, done.stdout)
    assert "Missing argument" in done.stderr


def test_a_command_that_there_is_not_ends_with_127_and_one_that_is_none_with_126(tmp_path: Path):
    (tmp_path / "text").write_text("no program")
    missing, none = run("exec", "--", str(tmp_path / "missing")), run("exec", "--", str(tmp_path / "text"))

    assert (127, "") == (missing.returncode, missing.stdout)
    assert f"mockserver: {tmp_path}/missing: No such file or directory\n" == missing.stderr
    assert (126, f"mockserver: {tmp_path}/text: Permission denied\n") == (none.returncode, none.stderr)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"echo without a first line that names an interpreter\n", "Exec format error"),
        (b"\x7fELF\x02\x01\x01" + bytes(11) + b"\xf7\x00" + bytes(44), "Exec format error"),  # for another processor
        (b"#!/\n", "Permission denied"),  # the interpreter is a folder
    ],
)
def test_a_file_that_the_system_cannot_execute_ends_with_126(tmp_path: Path, content: bytes, why: str):
    file = tmp_path / "file"
    file.write_bytes(content)
    file.chmod(0o700)
    done = run("exec", "--", str(file))

    assert (126, "", f"mockserver: {file}: {why}\n") == (done.returncode, done.stdout, done.stderr)


def test_a_folder_and_a_path_through_a_file_end_with_126(tmp_path: Path):
    (tmp_path / "file").write_text("")
    folder = run("exec", "--", str(tmp_path))
    through = run("exec", "--", str(tmp_path / "file" / "command"))

    assert (126, f"mockserver: {tmp_path}: Permission denied\n") == (folder.returncode, folder.stderr)
    assert (126, f"mockserver: {tmp_path}/file/command: Not a directory\n") == (through.returncode, through.stderr)


def test_a_command_that_dies_of_a_signal_ends_with_128_and_its_number():
    done = run("exec", *python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"))

    assert (128 + signal.SIGKILL, "", "") == (done.returncode, done.stdout, done.stderr)


WAITS = """
import signal, sys
signal.signal(signal.{name}, lambda *_: sys.exit(5))
print("ready", flush=True)
signal.pause()
"""


@pytest.mark.parametrize(
    "number",
    [
        *(
            signal.SIGINT,
            signal.SIGTERM,
            signal.SIGHUP,
            signal.SIGQUIT,
            signal.SIGUSR1,
            signal.SIGUSR2,
            signal.SIGWINCH,
        ),
        *(
            signal.SIGALRM,
            signal.SIGVTALRM,
            signal.SIGPROF,
            signal.SIGIO,
            signal.SIGURG,
            signal.SIGABRT,
            signal.SIGCONT,
        ),
    ],
)
def test_signals_are_handed_on(number: signal.Signals):
    arguments = [*COMMAND, "exec", *python(WAITS.format(name=number.name))]
    # Without a terminal of its own: what comes from the keyboard reaches both.
    with subprocess.Popen(
        arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=partial(signal.signal, number, signal.SIG_DFL),  # noqa: PLW1509 - a shell's background ignores SIGINT, and no thread of ours holds a lock here
    ) as started:
        assert started.stdout is not None
        assert "ready\n" == started.stdout.readline()
        started.send_signal(number)
        said = started.communicate(timeout=60)

    assert (5, ("", "")) == (started.returncode, said)


@pytest.mark.skipif(not hasattr(signal, "SIGRTMIN"), reason="this system has no real-time signals")
def test_a_real_time_signal_is_handed_on_as_one_that_kills():
    with subprocess.Popen(
        [*COMMAND, "exec", *python("import signal; print('ready', flush=True); signal.pause()")],
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as started:
        assert started.stdout is not None
        assert b"ready\n" == started.stdout.readline()
        started.send_signal(signal.SIGRTMIN + 1)

        assert b"" == started.stdout.read()  # the command, which holds the other end, has ended too
    assert 128 + signal.SIGRTMIN + 1 == started.returncode


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1])
def test_a_signal_that_is_ignored_is_ignored_by_the_command_too(number: signal.Signals):
    """So nohup holds for the command."""
    program = f"import signal; print(signal.getsignal({number}) is signal.SIG_IGN, flush=True)"
    shell = f"trap '' {number.name.removeprefix('SIG')}; exec \"$@\""
    done = subprocess.run(["sh", "-c", shell, "sh", *COMMAND, "exec", *python(program)], capture_output=True, text=True)

    assert (0, "True\n", "") == (done.returncode, done.stdout, done.stderr)


def test_to_be_stopped_stops_the_command_and_to_be_continued_continues_it():
    with subprocess.Popen(
        [*COMMAND, "exec", *python("import os; print(os.getpid(), flush=True); input(); print('end', flush=True)")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        process_group=0,  # a session of its own could not be stopped in this way
    ) as started:
        assert started.stdout is not None
        command = int(started.stdout.readline())
        started.send_signal(signal.SIGTSTP)
        _, status = os.waitpid(started.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        while "T (stopped)" not in Path(f"/proc/{command}/status").read_text():
            pass
        started.send_signal(signal.SIGCONT)

        assert (b"end\n", None) == started.communicate(b"\n", timeout=60)
    assert 0 == started.returncode


def test_at_a_terminal_ctrl_c_reaches_the_command_once():
    program = (
        "import signal, sys; heard = []; signal.signal(signal.SIGINT, lambda *_: heard.append(1)); "
        "print('ready', flush=True); print(input(), len(heard), flush=True)"
    )
    pid, terminal = os.forkpty()
    if pid == 0:
        os.execv(sys.executable, [*COMMAND, "exec", *python(program)])
    said = b""
    while b"ready" not in said:
        said += os.read(terminal, 1000)
    os.write(terminal, b"\x03")  # Ctrl-C
    os.write(terminal, b"heard\n")
    while not (found := re.search(rb"heard (\d+)\r\n", said)):
        said += os.read(terminal, 1000)
    _, status = os.waitpid(pid, 0)
    os.close(terminal)  # not before: that would hang up

    assert (b"1", 0) == (found[1], os.waitstatus_to_exitcode(status))


def test_the_verbs_inside_reach_the_server_of_the_command():
    program = (
        "from mockserver import Mock; import os, requests; "
        f"requests.get('https://secure.ifbyphone.com{NUMBERS}').raise_for_status(); "
        "print([each.operation for each in Mock.at(os.environ['MOCKSERVER_URL']).world.journal()])"
    )
    assert "['sms.get_numbers']\n" == run("exec", *python(program)).stdout

    done = run("exec", "--freeze", "2017-01-01T00:00:00Z", "--", *COMMAND, "clock", "show", "--format", "json")
    assert "2017-01-01T00:00:00Z" in done.stdout


def test_a_world_file_is_what_the_command_finds():
    small = Path(__file__).parents[2] / "fixtures" / "worlds" / "small.json"
    found = []
    for world in ([], ["--world", str(small)]):
        done = run("exec", *world, "--", *COMMAND, "message", "list", "--limit", "10", "--format", "json")
        assert 0 == done.returncode
        found.append(json.loads(done.stdout))

    assert found[0] != found[1]


def test_a_world_file_that_is_none_is_one_sentence():
    done = run("exec", "--world", "/nowhere.json", "--", "true")

    assert (2, "", 1) == (done.returncode, done.stdout, done.stderr.count("\n"))


# -- what went unmatched ---------------------------------------------------------------------------------------------------


def test_a_command_that_succeeds_with_accepted_requests_prints_no_report():
    done = run("exec", "--strict", *curl(f"https://secure.dialogtech.com{NUMBERS}", "-o", "/dev/null"))

    assert (0, "", "") == (done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(
    ("arguments", "received"),
    [
        (
            ["http://example.com/a"],
            (
                "GET http://example.com/a: example.com is blocked by mockserver, --allow-host example.com allows it: "
                "the proxy forwards only to the providers' hosts and private addresses. Use a provider's host, or start the server with "
                "--allow-host example.com."
            ),
        ),
        (
            ["https://api.serwersms.pl/"],
            (
                "CONNECT api.serwersms.pl:443: api.serwersms.pl is blocked by mockserver, --allow-host api.serwersms.pl "
                "allows it: the proxy forwards only to the providers' hosts and private addresses; did you mean api2.serwersms.pl? Use a "
                "provider's host, or start the server with --allow-host api.serwersms.pl."
            ),
        ),
        (
            ["https://www.dialogtech.com:8443/"],
            (
                "CONNECT www.dialogtech.com:8443: www.dialogtech.com is blocked by mockserver, --allow-host "
                "www.dialogtech.com allows it: the proxy forwards only to the providers' hosts and private addresses; did you mean "
                "secure.dialogtech.com? Use a provider's host, or start the server with --allow-host www.dialogtech.com."
            ),
        ),
        (["https://secure.dialogtech.com/other.php"], "GET secure.dialogtech.com/other.php: "),
        (
            ["-d", "username=Login&password=Haslo", "https://api2.serwersms.pl/quiz/nothing"],
            "POST api2.serwersms.pl/quiz/nothing: ",
        ),
        (
            ["-u", "mgage:mgage", "https://communicatepro.mgage.com/api/other"],
            "GET communicatepro.mgage.com/api/other: ",
        ),
    ],
)
def test_what_is_not_answered_is_rejected_and_said_and_strictly_a_failure(arguments, received):
    lenient = run("exec", *curl("-o", "/dev/null", *arguments))
    strict = run("exec", "--strict", "--", "sh", "-c", 'curl -sS "$@" >/dev/null 2>&1 || true', "sh", *arguments)

    line = next(line for line in lenient.stderr.splitlines() if line.startswith("mockserver: "))
    assert line.startswith(f"mockserver: not supported: {received}")
    assert 1 == strict.returncode
    assert f"{line}\n" == strict.stderr


def test_strict_leaves_a_commands_own_failure_alone():
    done = run("exec", "--strict", "--", "sh", "-c", "curl -s http://example.com/ >/dev/null; exit 3")

    assert 3 == done.returncode


def test_a_provider_error_that_is_the_providers_own_is_answered():
    wrong = f"https://secure.dialogtech.com{NUMBERS}".replace("bar", "wrong")
    unnamed = "https://secure.dialogtech.com/ibp_api.php"
    done = run("exec", "--strict", *curl("-o", "/dev/null", wrong, "-o", "/dev/null", unnamed))

    assert (0, "", "") == (done.returncode, done.stdout, done.stderr)


def test_a_host_that_is_allowed_is_let_through(unknown):
    port = unknown.rpartition(":")[2]
    done = run("exec", "--allow-host", "0.0.0.0", "--strict", *curl(f"http://0.0.0.0:{port}/"))

    assert "HostRejected" not in done.stderr
    assert f"0.0.0.0:{port} cannot be reached: " in done.stdout


@pytest.mark.parametrize(
    "arguments", [("--other-hosts", "pass"), ("--allow-host", "*")], ids=["other hosts pass", "all hosts are allowed"]
)
def test_all_other_hosts_are_let_through_if_that_is_wanted(unknown, arguments):
    port = unknown.rpartition(":")[2]
    done = run("exec", *arguments, "--strict", *curl(f"http://0.0.0.0:{port}/"))
    near = run("exec", *arguments, *curl("http://api.serwersms.pl/"))

    assert f"0.0.0.0:{port} cannot be reached: " in done.stdout
    assert "api.serwersms.pl is blocked by mockserver" in near.stdout


@pytest.mark.parametrize("exempt", ["*", ".0", "db,0.0.0.0"])
def test_what_the_callers_no_proxy_exempts_is_let_through(unknown, exempt):
    port = unknown.rpartition(":")[2]
    environment = {**os.environ, "NO_PROXY": exempt, "no_proxy": exempt}
    done = run("exec", "--strict", *curl(f"http://0.0.0.0:{port}/"), env=environment)
    real = run("exec", *curl(f"https://secure.dialogtech.com{NUMBERS}"), env=environment)

    assert "is blocked by mockserver" not in done.stdout + done.stderr
    assert "5554332111" in real.stdout


def test_the_report_tells_every_exchange_and_goes_where_it_is_wanted(tmp_path: Path):
    file = tmp_path / "report.txt"
    request = [f"https://secure.dialogtech.com{NUMBERS}", "http://example.com/"]
    done = run(
        "exec",
        "--freeze",
        "2026-06-01T12:00:00Z",
        "--report",
        "--report-to",
        str(file),
        *curl("-o", "/dev/null", request[0], "-o", "/dev/null", request[1]),
    )

    assert "" == done.stdout
    assert file.read_text() == done.stderr
    assert [
        "mockserver: 2 exchanges, 1 of them not supported",
        f"     1 2026-06-01T12:00:00Z 200 sms.get_numbers  GET secure.dialogtech.com{NUMBERS}",
        "     2 2026-06-01T12:00:00Z 403 - HostRejected  GET http://example.com/",
    ] == done.stderr.splitlines()[:3]


@pytest.mark.parametrize(("command", "code"), [("true", 0), ("exit 3", 3)])
def test_a_report_that_cannot_be_written_changes_no_exit_code(tmp_path: Path, command: str, code: int):
    (tmp_path / "file").touch()
    written = run("exec", "--report-to", str(tmp_path / "new/report.txt"), "--", "sh", "-c", command)
    done = run("exec", "--report-to", str(tmp_path / "file/report.txt"), "--", "sh", "-c", command)

    assert (code, code) == (written.returncode, done.returncode)
    assert "mockserver: 0 exchanges, 0 of them not supported\n" == (tmp_path / "new/report.txt").read_text()
    assert done.stderr.startswith("mockserver: the report cannot be written: [Errno 17] File exists: ")
    assert 1 == done.stderr.count("\n")


@pytest.mark.parametrize(
    ("between", "first"),
    [
        (
            "curl -sS -X POST $MOCKSERVER_URL/_mock/worlds/default/reset",
            "mockserver: 0 exchanges, 0 of them not supported",
        ),
        (
            "curl -sS -X POST $MOCKSERVER_URL/_mock/worlds/default/reset; curl -sS $MOCKSERVER_URL/ibp_api.php",
            "mockserver: 1 exchange, 0 of them not supported",
        ),
    ],
)
def test_the_report_says_that_a_reset_removed_exchanges(tmp_path: Path, between: str, first: str):
    file = tmp_path / "report.json"
    program = f"curl -sS $MOCKSERVER_URL/ibp_api.php; curl -sS $MOCKSERVER_URL/ibp_api.php; {between}"
    text = run("exec", "--report", "--", "sh", "-c", f"({program}) >/dev/null")
    run("exec", "--format", "json", "--report-to", str(file), "--", "sh", "-c", f"({program}) >/dev/null")

    sentence = "the oldest 2 exchanges were dropped when the journal was cleared"
    assert [first, f"mockserver: {sentence}"] == text.stderr.splitlines()[:2]
    assert [sentence] == json.loads(file.read_text())["why_dropped"]


# -- for a running server -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mock():
    with MockServer(proxy=True) as mock:
        yield mock


def test_env_prints_variables_that_lead_a_shell_to_a_running_server(mock, tmp_path: Path):
    program = f'eval "$({sys.executable} -m mockserver env)"; curl -sS "https://secure.ifbyphone.com$1"'
    environment = os.environ | {"MOCKSERVER_URL": mock.url, "MOCKSERVER_CA": str(tmp_path / "mine")}
    done = subprocess.run(["bash", "-euc", program, "bash", NUMBERS], env=environment, capture_output=True, text=True)

    assert "5554332111" in done.stdout
    assert done.stderr.startswith(f"the CA's certificate is {tmp_path}/mine/ca-")
    assert "sms.get_numbers" == mock.world.journal()[-1].operation


@pytest.mark.parametrize(
    ("connection", "line"),
    [
        ("sh", "export MOCKSERVER_URL='{url}'"),
        ("fish", "set -gx MOCKSERVER_URL '{url}'"),
        ("powershell", "$env:MOCKSERVER_URL = '{url}'"),
    ],
)
def test_env_prints_the_syntax_of_each_shell(mock, connection, line):
    done = run_command("env", "--server", mock.url, "--shell", connection)

    assert 0 == done.returncode
    assert line.format(url=mock.url) in done.stdout.splitlines()


def test_env_as_json_is_a_mapping(mock):
    variables = json.loads(run_command("env", "--server", mock.url, "--format", "json").stdout)

    assert mock.proxy_url == variables["https_proxy"]


@pytest.mark.parametrize("character", ["'", "\\", '"', "$HOME", " ", "`"])
def test_a_folder_of_any_name_survives_the_shell(mock, tmp_path: Path, character):
    folder = tmp_path / f"a{character}b"
    exports = run_command("env", "--server", mock.url, MOCKSERVER_CA=str(folder)).stdout
    program = 'eval "$1"; printf %s "$SSL_CERT_FILE"'
    done = subprocess.run(["bash", "-euc", program, "bash", exports], capture_output=True, text=True)

    assert Path(done.stdout).parent == folder


def test_a_server_without_a_proxy_is_one_sentence():
    with MockServer() as mock:
        url = mock.url
        done = run_command("env", "--server", url)

    assert (2, "") == (done.returncode, done.stdout)
    why = "has no https; it was started with --no-https, or not by mockserver serve"
    assert f"mockserver: the server at {url} {why}\n" == done.stderr


def test_where_a_server_listens_is_asked_in_python(mock):
    found = Mock.at(mock.url).addresses()

    assert (mock.url, mock.https_url, mock.proxy_url) == (found["http"], found["https"], found["proxy"])
    assert "secure.dialogtech.com" in found["hosts"]
    assert Path(found["certificate"]).read_text() == found["pem"]


# -- serve ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flag", "advice"), [("https", "--no-https disables HTTPS"), ("proxy", "--no-proxy disables the proxy")]
)
def test_a_port_in_use_names_the_flag(flag, advice):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("serve", "--port", "0", f"--{flag}-port", str(port))

    assert (2, "") == (done.returncode, done.stdout)
    assert (
        f"mockserver: port {port} on 127.0.0.1 is in use by another program; --{flag}-port N sets another port, {advice}\n"
        == done.stderr
    )


@pytest.mark.parametrize(
    ("arguments", "schemes"),
    [
        ([], ["http", "https", "http"]),
        (["--no-proxy"], ["http", "https"]),
        (["--no-https"], ["http", "http"]),
        (["--no-https", "--no-proxy"], ["http"]),
    ],
)
def test_serve_listens_at_the_printed_address(arguments, schemes):
    with subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout is not None
        said = ""
        while not said.endswith("\n\n"):
            said += server.stdout.readline()
        server.terminate()
        server.stdout.read()
    found = re.findall(r" on (https?)://127\.0\.0\.1:\d+", said)

    assert schemes == found
