"""``mockserver exec`` with unmodified programs: none of their requests leaves this machine."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PROBES = HERE.parents[1] / "mockserver" / "intercept" / "probes"
MOCKSERVER = [sys.executable, "-m", "mockserver"]
PATIENCE = 170
HTTPS = "https://secure.dialogtech.com/ibp_api.php?action=sms.get_numbers&access_key=foo&secret_access_key=bar"
HTTP = "http://s1api2.serwersms.pl/messages/recived?username=Login&password=Haslo&type=nd"


def run(*command: str, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, **options)


def exec_(*command: str, options: tuple[str, ...] = ()) -> str:
    """Run a command under `mockserver exec`, require exit code 0 and no unmatched request, and return its output."""
    done = run(*MOCKSERVER, "exec", "--strict", *options, "--", *command)
    assert (0, "") == (done.returncode, done.stderr), done.stderr
    return done.stdout


def php(tmp_path: Path, program: str) -> str:
    (tmp_path / "program.php").write_text(f"<?php\n{program}")
    return exec_("php", str(tmp_path / "program.php"))


# -- PHP's streams, which know no proxy variable ------------------------------------------------------------------------


def test_a_stream_that_posts_with_a_context_of_its_own(tmp_path):
    said = php(
        tmp_path,
        """
        $form = http_build_query(['username' => 'Login', 'password' => 'Haslo', 'type' => 'nd']);
        $context = stream_context_create(['http' => ['method' => 'POST', 'content' => $form]]);
        echo json_decode(file_get_contents('https://api2.serwersms.pl/messages/recived', false, $context))->items[0]->text;
        """,
    )

    assert "SerwerSMS.pl" == said


def test_a_stream_shows_the_head_of_its_answer_as_ever(tmp_path):
    said = php(
        tmp_path,
        f"""
        $stream = fopen('{HTTP}', 'r');
        $meta = stream_get_meta_data($stream);
        foreach ($meta['wrapper_data'] as $line) {{ echo $line, "\\n"; break; }}
        echo strlen(stream_get_contents($stream)) > 0 ? "body\\n" : "none\\n";
        file_get_contents('{HTTP}');
        echo $http_response_header[0], "\\n";
        """,
    )

    assert "HTTP/1.1 200 OK\nbody\nHTTP/1.1 200 OK\n" == said


def test_a_stream_that_fails_says_so_as_ever(tmp_path):
    said = php(
        tmp_path,
        """
        $answer = @file_get_contents('https://communicatepro.mgage.com/api/messages/program/121811');
        var_dump($answer);
        $context = stream_context_create(['http' => ['ignore_errors' => true]]);
        $body = file_get_contents('https://communicatepro.mgage.com/api/messages/program/121811', false, $context);
        echo json_decode($body) === null ? 'no JSON' : $http_response_header[0];
        """,
    )

    assert "bool(false)\nHTTP/1.1 401 Unauthorized" == said


def test_xml_is_loaded_from_its_address(tmp_path):
    assert "2" == php(tmp_path, f"echo count(simplexml_load_file('{HTTPS}')->data->number);")


def test_an_address_is_no_file_as_ever(tmp_path):
    assert "bool(false)\n" * 2 == php(tmp_path, f"var_dump(file_exists('{HTTPS}'), is_file('{HTTPS}'));")


def test_a_receiver_on_this_machine_is_asked_directly(tmp_path):
    program = """
        $server = stream_socket_server('tcp://127.0.0.1:0');
        $address = stream_socket_get_name($server, false);
        if (pcntl_fork() === 0) {
            $client = stream_socket_accept($server, 60);
            fgets($client);
            fwrite($client, "HTTP/1.0 200 OK\\r\\n\\r\\nmine");
            exit(0);
        }
        echo file_get_contents("http://$address/");
    """

    assert "mine" == php(tmp_path, program)


# -- Node ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "program",
    [
        (
            "new (require('https').Agent)({keepAlive: true}); const agent = new (require('https').Agent)({keepAlive: true, maxSockets: 1});"
            "const ask = (left) => left && require('https').get(URL_, {agent}, (a) => a.resume().on('end', () => {"
            "console.log(a.statusCode); left > 1 ? ask(left - 1) : agent.destroy(); })); ask(3);"
        ),
        "const s = require('http2'); fetch(URL_).then(async (a) => { await a.text(); for (let n = 0; n < 3; n++) console.log((await fetch(URL_)).status); });",
        (
            "(async () => { const { get } = await import('node:https'); for (let n = 0; n < 3; n++) await new Promise((done) =>"
            " get(URL_, (a) => a.resume().on('end', () => { console.log(a.statusCode); done(); }))); })();"
        ),
        (
            "const http = require('http'); const url = URL_.replace('https', 'http'); let n = 0; const ask = () => http.get(url, (a) =>"
            " a.resume().on('end', () => { console.log(a.statusCode); ++n < 3 && ask(); })); ask();"
        ),
    ],
)
def test_node_asks_again_and_again_on_connections_that_are_kept(program):
    assert "200\n200\n200\n" == exec_("node", "-e", program.replace("URL_", repr(HTTPS)))


def test_node_posts_a_large_body_and_reads_a_large_answer():
    program = (
        "const https = require('https'); const body = 'username=Login&password=Haslo&type=nd&x=' + 'y'.repeat(3e6);"
        "const request = https.request('https://api2.serwersms.pl/messages/recived', {method: 'POST', headers: "
        "{'Content-Type': 'application/x-www-form-urlencoded'}}, (a) => a.pipe(process.stdout)); request.end(body);"
    )

    assert '"text":"SerwerSMS.pl"' in exec_("node", "-e", program)


def test_nodes_error_says_why_a_host_is_rejected():
    done = run(
        *MOCKSERVER,
        "exec",
        "--",
        "node",
        "-e",
        "fetch('https://api.serwersms.pl/').catch((e) => console.log(e.cause.message))",
    )

    assert (
        "mockserver: 403 api.serwersms.pl is blocked by mockserver, --allow-host api.serwersms.pl allows it\n"
        == done.stdout
    )


def test_node_asks_a_receiver_on_this_machine_directly():
    program = (
        "const s = require('http').createServer((q, a) => a.end('mine')).listen(0, '127.0.0.1', async () => {"
        "console.log(await (await fetch(`http://127.0.0.1:${s.address().port}/`)).text()); s.close(); });"
    )

    assert "mine\n" == exec_("node", "-e", program)


# -- no packet leaves this machine --------------------------------------------------------------------------------------

ALL_OF_THEM = f"""
set -e
ask() {{ "$@" '{HTTP}' '{HTTPS}' >>"$OUT" 2>>"$OUT.errors"; }}
ask curl -sS
ask wget -q -O-
ask php {PROBES}/curl.php
ask php {PROBES}/streams.php
ask node {PROBES}/https.cjs
ask node {PROBES}/fetch.mjs
ask ruby {PROBES}/net_http.rb
ask perl {PROBES}/lwp.pl
ask perl {PROBES}/tiny.pl
ask {sys.executable} {PROBES}/with_requests.py
ask {sys.executable} {PROBES}/with_httpx.py
ask {sys.executable} {PROBES}/with_urllib.py
curl -sS https://example.com/ >>"$OUT" 2>&1 || true
curl -sS http://api.serwersms.pl/ >>"$OUT" 2>&1 || true
"""
CLIENTS = 12


def counted(out: Path) -> tuple[int, int]:
    text = out.read_text()
    return text.count('"text":"SerwerSMS.pl"'), text.count("<number sms_enabled")


@pytest.fixture
def unplugged() -> tuple[str, ...]:
    """The words that start a command in a network namespace of its own, whose only interface is a loopback that is down."""
    errors = []
    for user in (("--user", "--map-root-user"), ()):  # as no one in particular, and as root
        done = run("unshare", *user, "--net", "true")
        if done.returncode == 0:
            return "unshare", *user, "--net"
        errors.append(done.stderr.strip())
    pytest.skip(
        f"no network namespace is granted here ({'; '.join(errors)}): "
        "the next test watches the connections in place of that"
    )


def test_with_the_network_unplugged_everything_works(tmp_path, unplugged):
    out = tmp_path / "out"
    command = ["env", f"OUT={out}", *MOCKSERVER, "exec", "--", "sh", "-c", ALL_OF_THEM]
    done = run(*unplugged, "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *command)

    assert 0 == done.returncode, done.stderr + (tmp_path / "out.errors").read_text()
    assert (CLIENTS, CLIENTS * 2) == counted(out)
    assert 2 == done.stderr.count("mockserver: not supported: ")


def test_with_the_network_plugged_in_no_one_connects_but_to_this_machine(tmp_path):
    out, trace = tmp_path / "out", tmp_path / "trace"
    command = ["env", f"OUT={out}", *MOCKSERVER, "exec", "--", "sh", "-c", ALL_OF_THEM]
    done = run(
        "strace", "-f", "-qq", "-s", "100", "-o", str(trace), "-e", "trace=connect,sendto,sendmsg,sendmmsg", *command
    )

    assert 0 == done.returncode, done.stderr + (tmp_path / "out.errors").read_text()
    assert (CLIENTS, CLIENTS * 2) == counted(out)
    addresses = re.findall(
        r'sin6?_port=htons\((\d+)\).*?(?:inet_addr\(|inet_pton\(AF_INET6, )"([^"]+)"', trace.read_text()
    )
    away = {port for port, address in addresses if not address.startswith("127.") and address != "::1"}
    assert len(addresses) > CLIENTS
    assert away <= {"53"}  # the name server, asked whether example.com is on this machine
    # In a question each label of a name follows its length: 9, 10 or 5, as strace writes them.
    assert not re.search(r"\\(?:t(?:serwersms|ifbyphone)|ndialogtech|5mgage)", trace.read_text())
