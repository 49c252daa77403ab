"""The environment of a child process, as a pure function of its parent's environment and the server's URLs."""

from __future__ import annotations

import shlex
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from mockserver.intercept.environment import PRELOADS, ClientEnvironment, child_variables, client_environment
from mockserver.intercept.trust import Folder, Trust

HOSTS = ("secure.dialogtech.com", "api2.serwersms.pl")
KIT = ClientEnvironment(
    url="http://127.0.0.1:7670",
    proxy="http://127.0.0.1:7672",
    hosts=HOSTS,
    certificate=Path("/k/ca.pem"),
    bundle=Path("/k/bundle.pem"),
    trust_store=Path("/k/trust.p12"),
    php=Path("/k/php"),
    node=Path("/k/node.cjs"),
    ruby=Path("/k/ruby.rb"),
    python=Path("/k/python"),
    wget=Path("/k/wgetrc"),
)
JAVA = (
    "-Djavax.net.ssl.trustStore=/k/trust.p12 -Djavax.net.ssl.trustStoreType=PKCS12 "
    "-Djavax.net.ssl.trustStorePassword=changeit -Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort=7672 "
    "-Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort=7672 -Dhttp.nonProxyHosts=localhost|127.*|[::1]"
)


def test_an_empty_environment_gets_what_every_runtime_reads():
    proxy, bundle, spared = "http://127.0.0.1:7672", "/k/bundle.pem", "localhost,127.0.0.1,::1"

    assert {
        "HTTPS_PROXY": proxy,
        "https_proxy": proxy,
        "HTTP_PROXY": proxy,
        "http_proxy": proxy,
        "NO_PROXY": spared,
        "no_proxy": spared,
        "SSL_CERT_FILE": bundle,
        "REQUESTS_CA_BUNDLE": bundle,
        "CURL_CA_BUNDLE": bundle,
        "PERL_LWP_ENV_PROXY": "1",
        "PERL_LWP_SSL_CA_FILE": bundle,
        "NODE_EXTRA_CA_CERTS": bundle,
        "NODE_OPTIONS": "--require /k/node.cjs",
        "RUBYOPT": "-r/k/ruby.rb",
        "JAVA_TOOL_OPTIONS": JAVA,
        "PHP_INI_SCAN_DIR": ":/k/php",
        "PYTHONPATH": "/k/python",
        "WGETRC": "/k/wgetrc",
        "MOCKSERVER_URL": "http://127.0.0.1:7670",
        "MOCKSERVER_PROXY_URL": "http://127.0.0.1:7672",
    } == child_variables({}, KIT)


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("NODE_OPTIONS", "--enable-source-maps", "--enable-source-maps --require /k/node.cjs"),
        ("RUBYOPT", "-W0", "-W0 -r/k/ruby.rb"),
        ("JAVA_TOOL_OPTIONS", "-Xmx1g", f"-Xmx1g {JAVA}"),
        ("PHP_INI_SCAN_DIR", "/etc/mine", "/etc/mine:/k/php"),
        ("PHP_INI_SCAN_DIR", ":/etc/mine", ":/etc/mine:/k/php"),
    ],
)
def test_existing_options_are_extended(name, before, after):
    assert after == child_variables({name: before}, KIT)[name]


def test_applying_it_twice_changes_nothing_more():
    once = child_variables({"NODE_OPTIONS": "-r x", "no_proxy": "db"}, KIT)

    assert once == child_variables(once, KIT)


@pytest.mark.parametrize("name", ["no_proxy", "NO_PROXY"])
@pytest.mark.parametrize(
    ("before", "kept"),
    [
        ("db.internal, .corp", ",db.internal,.corp"),
        ("localhost,127.0.0.1", ""),
        # These would lead to the real providers.
        ("*", ""),
        (".dialogtech.com,db", ",db"),
        ("dialogtech.com,api2.serwersms.pl:443,*.serwersms.pl,PL", ""),
    ],
)
def test_no_proxy_entries_are_kept_except_for_the_providers(name, before, kept):
    found = child_variables({name: before}, KIT)

    assert f"localhost,127.0.0.1,::1{kept}" == found["no_proxy"] == found["NO_PROXY"]


@pytest.mark.parametrize(
    ("url", "host", "java"),
    [
        ("http://mockserver:7670", "mockserver", "|mockserver"),
        ("http://192.168.1.5:7670", "192.168.1.5", "|192.168.1.5"),
        ("http://[fd00::5]:7670", "fd00::5", "|[fd00::5]"),
        ("http://127.8.9.1:7670", "127.8.9.1", ""),
        ("http://localhost:7670", None, ""),
    ],
)
def test_the_control_api_of_a_server_elsewhere_is_reached_without_the_proxy(url, host, java):
    found = child_variables({"NO_PROXY": "db"}, replace(KIT, url=url))

    assert ",".join(filter(None, ["localhost,127.0.0.1,::1", host, "db"])) == found["NO_PROXY"]
    assert f"http.nonProxyHosts=localhost|127.*|[::1]{java}" in found["JAVA_TOOL_OPTIONS"]


def test_the_parents_proxy_is_replaced():
    found = child_variables({"HTTPS_PROXY": "http://corporate:3128", "https_proxy": "http://corporate:3128"}, KIT)

    assert KIT.proxy == found["HTTPS_PROXY"] == found["https_proxy"]


def test_a_path_with_a_space_is_one_word():
    spaced = replace(KIT, node=Path("/a b/node.cjs"), trust_store=Path("/a b/trust.p12"))
    found = child_variables({}, spaced)

    assert ["--require", "/a b/node.cjs"] == shlex.split(found["NODE_OPTIONS"])
    assert "-Djavax.net.ssl.trustStore=/a b/trust.p12" == shlex.split(found["JAVA_TOOL_OPTIONS"].replace("|", "_"))[0]


@pytest.fixture
def made(tmp_path):
    """The CA and trust files in a folder whose name has a space."""
    ca = tmp_path / "a folder"
    pem = b"-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----\n"
    return client_environment(Trust(Folder(ca), pem), KIT.url, KIT.proxy, HOSTS, wgetrc=b"tries = 1")


def test_the_files_exist(made):
    assert PRELOADS / "node.cjs" == made.node
    assert all(
        path.exists() for path in (made.certificate, made.bundle, made.trust_store, made.php, made.node, made.wget)
    )


def test_wgets_own_start_up_file_goes_before_ours(made, tmp_path):
    text = made.wget.read_bytes()
    again = client_environment(
        Trust(Folder(tmp_path / "a folder"), made.certificate.read_bytes()), KIT.url, KIT.proxy, HOSTS, wgetrc=text
    )

    assert f"tries = 1\nca_certificate = {made.bundle}\n" == text.decode()
    assert text == again.wget.read_bytes()


def test_php_reads_the_ini_folder(made, tmp_path):
    program = tmp_path / "ini.php"
    program.write_text("<?php foreach (['openssl.cafile', 'curl.cainfo'] as $name) echo ini_get($name), \"\\n\";")
    environment = {"PATH": "/usr/bin:/bin", **child_variables({}, made)}
    done = subprocess.run(["php", str(program)], env=environment, capture_output=True, text=True, timeout=60)

    assert (f"{made.bundle}\n" * 2, "") == (done.stdout, done.stderr)
