"""A pytest suite of the requirements on every provider.

Derive a test class from `ProviderSuite` and fill in its attributes::

    class TestAcme(ProviderSuite):
        provider = ACME
        tests = Path(__file__).parent
        examples = {"messages.list": Example("GET", "/v1/messages", headers={"X-Api-Key": "{user}"})}

Every example is sent to new worlds with frozen clocks, so it must not depend on earlier requests. Pick one of the base classes, such as `FaultTests`, to run a part of the suite.
"""

from __future__ import annotations

import ast
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias
from urllib.parse import quote, urlencode

import orjson
import pytest
from jsonschema import Draft202012Validator

from mockserver.admin.quirk_parser import entries
from mockserver.app import Service, build_service
from mockserver.client import Mock, WorldClient
from mockserver.http.fault_effects import RESPONSE_FAULTS
from mockserver.http.request import HttpRequest
from mockserver.receivers.cases import CASES
from mockserver.receivers.worlds import build_first_webhook, cause_webhooks, create_webhook_world
from mockserver.sdk import Operation, Provider, ProviderError, Response, Source, parse_instant
from mockserver.sdk.loading import find_defects, installed_providers
from mockserver.sdk.openapi import describe_provider
from mockserver.sdk.response import Offload

if TYPE_CHECKING:
    from mockserver.client import ExchangeRecord

NOON = "2026-06-01T12:00:00Z"
"""The instant at which the clocks of the suite's worlds are frozen; a Monday."""
UNKNOWN_USER = "unknown-7f3a91c2d5"
"""A user and a secret that no account has."""

FAULT_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "static_response": {"status": 418, "body": "short and stout"},
    "cut": {"keep": 3},
    "delay": {"seconds": 0.001},
    "lognormal_delay": {"median": 0.001, "sigma": 0.5, "most": 0.002},
    "slow": {"size": 200, "pause": 0.001},
    "uniform_delay": {"least": 0.0, "most": 0.001},
    "wrong_length": {"by": 7},
}
"""The options that a kind of fault requires."""


@dataclass(frozen=True)
class Example:
    """A request that the provider accepts in a new world.

    In every text ``{user}`` and ``{secret}`` stand for the credentials of an account of the world.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] | None = None
    """The fields of a body in ``application/x-www-form-urlencoded``."""
    json: Any = None
    """The body as JSON."""
    basic: tuple[str, str] | None = None
    """User and password of HTTP Basic."""
    account: str | None = None
    """The account whose credentials are sent; ``None`` for the provider's first account."""

    def request(self, user: str, secret: str, world: str) -> HttpRequest:
        """Build the request to one world.

        Args:
            user: the value of ``{user}``.
            secret: the value of ``{secret}``.
            world: the id of the world.
        """

        def filled(value: Any) -> Any:
            if isinstance(value, str):
                return value.replace("{user}", user).replace("{secret}", secret)
            if isinstance(value, Mapping):
                return {name: filled(part) for name, part in value.items()}
            return [filled(part) for part in value] if isinstance(value, list | tuple) else value

        path, query, body = filled(self.path), urlencode(filled(self.query)), b""
        headers = {"Host": "localhost", "X-Mockserver-World": world, **filled(self.headers)}
        if self.basic is not None:
            headers["Authorization"] = f"Basic {b64encode(':'.join(filled(self.basic)).encode()).decode()}"
        if self.form is not None:
            headers["Content-Type"], body = "application/x-www-form-urlencoded", urlencode(filled(self.form)).encode()
        if self.json is not None:
            headers["Content-Type"], body = "application/json", orjson.dumps(filled(self.json))
        if body:
            headers["Content-Length"] = str(len(body))
        return HttpRequest(
            self.method,
            quote(path) + (f"?{query}" if query else ""),
            path,
            query,
            headers=tuple(headers.items()),
            fields={name.lower(): value for name, value in headers.items()},
            body=body,
        )


_Cases: TypeAlias = Mapping[str, Any]
_Bytes: TypeAlias = tuple[int, list[tuple[str, str]], bytes]
_EXCHANGE = "X-Mockserver-Exchange"


class ConformanceTests:
    """The base class of the suite's parts; a subclass sets these attributes."""

    provider: ClassVar[Provider]
    """The provider that is tested."""
    examples: ClassVar[Mapping[str, Example]] = {}
    """One request for each operation, by the operation's name."""
    tests: ClassVar[Path]
    """The folder of the provider's tests, which must name its quirks."""
    documents: ClassVar[Mapping[str, Path]] = {}
    """The texts of the provider's documents, by the names that its sources use; quoted sentences must be in them."""
    world_file: ClassVar[Path | None] = None
    """The world file of the suite's worlds; ``None`` for the fixture ``small`` with the provider's `accounts`."""
    untested_variants: ClassVar[Mapping[str, str]] = {}
    """``switch: variant`` -> why no test of the provider covers that variant."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run a test once for each operation, error, quirk, switch, variant or fault that it takes as an argument."""
        names = [name for name in metafunc.fixturenames if name in _CASES]
        if names:
            name = names[0]
            cases = _CASES[name](type(self))
            metafunc.parametrize(name, list(cases.values()), ids=list(cases))

    @pytest.fixture
    def service(self) -> Service:
        """The server, without a socket. Each test creates its own worlds in it."""
        return _service_of(self.provider)

    @pytest.fixture
    def create_world(self, service: Service) -> Iterator[Any]:
        """A function that creates worlds with a frozen clock, equal except for their credentials."""
        mock, worlds = Mock.of(service.app), []

        def create(**options: Any) -> WorldClient:
            if self.world_file is not None:
                options.setdefault("snapshot", self.world_file)
            if "snapshot" not in options:
                options["fixture"] = "small"
            options = {"freeze": NOON, "seed": "conformance", **options}
            worlds.append(mock.create_world(**options))
            return worlds[-1]

        yield create
        for world in worlds:
            world.drop()

    @pytest.fixture
    def world(self, create_world: Any) -> WorldClient:
        """A new world with a frozen clock."""
        world: WorldClient = create_world()
        return world

    # -- sending -------------------------------------------------------------------------------------------------------

    def example(self, operation: Operation) -> Example:
        """Return the example of an operation."""
        assert operation.name in self.examples, f"examples has no request for the operation {operation.name}"
        return self.examples[operation.name]

    def request(self, example: Example, world: WorldClient) -> HttpRequest:
        """Build the request of an example to a world, with the credentials of one of its accounts."""
        login = world.login(self.provider.name, example.account)
        return example.request(login.user, login.secret or "", world.id)

    def send(self, service: Service, example: Example, world: WorldClient) -> Response:
        """Send an example to a world, as the server's own connection does."""
        response = service.handler.respond(self.request(example, world))
        if isinstance(response, Offload):
            response = response.finish()
        assert response is not None, f"{example.method} {example.path} is not one of the provider's routes"
        return response

    def sent(self, service: Service, example: Example, world: WorldClient) -> _Bytes:
        """Send an example to a world, and return what comes back, without the keys that no other world has."""
        return _without_keys(_bytes(self.send(service, example, world)), world)

    @staticmethod
    def last_exchange(world: WorldClient) -> ExchangeRecord:
        """Return the last exchange in a world's journal."""
        return world.journal()[-1]

    @staticmethod
    def state(world: WorldClient) -> dict[str, Any]:
        """Return a snapshot of an idle world, without its fault rules and its count of random numbers drawn by faults."""
        world.wait_until_idle()
        state: dict[str, Any] = world.snapshot()
        del state["faults"]
        state["sequences"].pop("chance", None)
        return state


def _bytes(response: Response) -> _Bytes:
    """Return the status, headers and body of a response, without the exchange's number."""
    return response.status, [pair for pair in response.headers if pair[0] != _EXCHANGE], response.body


def _without_keys(sent: _Bytes, world: WorldClient) -> _Bytes:
    """Return a response with a placeholder for each of the world's credentials, which a login may return."""
    status, headers, body = sent
    for accounts in world.credentials.values():
        for login in (login for logins in accounts.values() for login in logins):
            body = body.replace(login.user.encode(), b"{user}")
    return status, headers, body


def _bytes_of_flask(service: Service, request: HttpRequest) -> _Bytes:
    """Return the status, headers and body that the Flask application sends under a WSGI server."""
    environ = {name: value for name, value in request.environ().items() if not name.startswith("mockserver.")}
    head: list[Any] = []
    body = b"".join(service.app(environ, lambda *given: head.extend(given)))  # type: ignore[arg-type]  # nothing is written by the returned function
    return int(head[0].split()[0]), [pair for pair in head[1] if pair[0] != _EXCHANGE], body


# -- the provider's description of itself -------------------------------------------------------------------------------


class SourceTests(ConformanceTests):
    """Everything that the provider does has a source."""

    def test_the_provider_has_no_defect(self) -> None:
        """As `mockserver provider list` finds them."""
        assert list(find_defects(self.provider)) == []

    def test_an_operation_has_a_source(self, operation: Operation) -> None:
        """A sentence that is in its document, or a quirk that is in QUIRKS.md."""
        assert self.problems_of(operation.source) == []

    def test_every_parameter_of_an_operation_has_a_source(self, operation: Operation) -> None:
        """A sentence in its document, or a quirk in QUIRKS.md."""
        rows = (*operation.common, *operation.parameters)
        found = {row.name: self.problems_of(row.source) for row in rows}

        assert {name: problems for name, problems in found.items() if problems} == {}

    def test_the_example_of_an_operation_fits_its_openapi_description(self, operation: Operation) -> None:
        """Its path and method, its query parameters and its body."""
        example = self.example(operation)
        document = describe_provider(self.provider, "1")
        paths = document["paths"]
        fitting = (path for path in paths if re.fullmatch(re.sub(r"{\w+}", "[^/]+", path), example.path))
        described = next(
            paths[path][example.method.lower()] for path in fitting if example.method.lower() in paths[path]
        )
        query = {each["name"]: each["required"] for each in described["parameters"] if each["in"] == "query"}
        body = example.form if example.json is None else example.json

        assert {name for name, is_required in query.items() if is_required} <= set(example.query) <= set(query)
        assert (body is not None) == ("requestBody" in described)
        if body is not None:
            schema = next(iter(described["requestBody"]["content"].values()))["schema"]
            schema = {**schema, "components": document["components"]}  # to which its references lead
            assert [error.message for error in Draft202012Validator(schema).iter_errors(body)] == []

    def test_an_error_has_a_source(self, error: type[ProviderError]) -> None:
        """A sentence in its document, or a quirk in QUIRKS.md."""
        assert not self.problems_of(error.source)

    def test_an_error_has_a_description(self, error: type[ProviderError]) -> None:
        """The sentence for the client."""
        assert error.description

    def test_an_error_says_in_one_imperative_sentence_what_to_do(self, error: type[ProviderError]) -> None:
        """The hint for the client's developer."""
        assert re.fullmatch(r"[A-Z][^\n]*[^.]\.", error.hint)
        assert ". " not in error.hint

    def test_an_error_can_be_described_without_its_facts(self, error: type[ProviderError]) -> None:
        """As in the list of errors of the control API."""
        bare = error()

        assert not re.search(r"[{}]", bare.advice)
        assert re.sub(r"\{\w+\}", "…", error.description.replace("{{", "{").replace("}}", "}")) == re.sub(
            r"\{\w+\}", "…", str(bare)
        )

    def test_an_error_is_about_something_that_a_request_has(self, error: type[ProviderError]) -> None:
        """A parameter, a header, or path and method."""
        read = {row.name for row in self.provider.parameters}
        read |= {"path", "method", "Authorization", "Content-Type", *self.provider.secret_headers}

        assert set() == set(error.about) - read

    def test_every_kind_of_webhook_has_sources(self) -> None:
        """Sentences in the provider's documents, or quirks in QUIRKS.md."""
        sources = (
            source
            for kind in self.provider.webhook_kinds
            for source in (kind.values, kind.method, kind.acknowledgement, kind.verification, kind.repeats)
            if source is not None
        )

        assert [problem for source in sources for problem in self.problems_of(source)] == []

    def problems_of(self, source: Source) -> list[str]:
        """Return the problems of a source, as sentences."""
        problems = []
        if source.document is None and source.quirk is None:
            problems.append("neither a document nor a quirk")
        if source.quirk is not None and source.quirk not in _numbers(self.provider):
            problems.append(f"QUIRKS.md has no {source.quirk}")
        if source.document is not None:
            problems += self.problems_of_quote(source.document, source.sentence or "")
        return problems

    def problems_of_quote(self, document: str, sentence: str) -> list[str]:
        """Return the problems of a quoted sentence, as sentences. An ellipsis stands for omitted text."""
        if document not in self.documents:
            return [f"documents has no {document}"]
        text = _words(self.documents[document])
        parts = re.split(r"\s*(?:…|\.\.\.)\s*", sentence)
        return [f"{document} does not say {part!r}" for part in parts if " ".join(part.split()) not in text]


class QuirkTests(ConformanceTests):
    """QUIRKS.md, the code and the tests name the same quirks."""

    def test_the_entries_are_numbered_from_one(self) -> None:
        """So that a gap shows what was taken out."""
        numbers = _numbers(self.provider)
        prefixes = {number.rpartition("-")[0] for number in numbers} or {""}

        assert len(prefixes) == 1
        assert [f"{min(prefixes)}-{number}" for number in range(1, len(numbers) + 1)] == numbers

    def test_an_entry_has_the_other_variant_our_choice_and_its_evidence(self, quirk: str) -> None:
        """Beside the document's own words."""
        assert self.provider.quirks_file is not None
        entry = entries(self.provider.quirks_file)[quirk]

        assert all((entry.documents, entry.other_variant, entry.we, entry.known_by)), entry

    def test_a_quirk_is_named_by_the_code(self, quirk: str) -> None:
        """Where it is decided."""
        assert self.provider.quirks_file is not None
        assert re.search(rf"\b{quirk}\b", _python(self.provider.quirks_file.parent))

    def test_a_quirk_is_met_by_a_test_with_its_number_in_the_name(self, quirk: str) -> None:
        """``test_ac_1_…`` is a test of AC-1."""
        assert quirk in _tested_quirks(self.tests)

    def test_every_quirk_that_code_and_tests_name_is_in_quirks_md(self) -> None:
        """Of those with the prefix of the provider's numbers; strings, comments and names of tests count too."""
        assert self.provider.quirks_file is not None
        numbers = _numbers(self.provider)
        prefix = numbers[0].rpartition("-")[0] if numbers else "no quirk"
        text = _python(self.provider.quirks_file.parent) + _python(self.tests)
        named = {*re.findall(rf"\b{prefix}-[0-9]+\b", text), *_tested_quirks(self.tests)}

        assert set() == {number for number in named if number.startswith(f"{prefix}-")} - set(numbers)

    def test_the_switches_of_quirks_md_are_those_of_the_provider(self) -> None:
        """With their variants, the default first."""
        assert self.provider.quirks_file is not None
        text = self.provider.quirks_file.read_text("utf-8")
        described = {
            (part.split()[0], name, tuple(re.findall(r"`([^`]+)`", variants)))
            for part in text.split("\n## ")[1:]
            for name, variants in re.findall(r"^- Switch: `([^`]+)`: (.*)$", part, re.MULTILINE)
        }

        assert {(quirk.number, quirk.name, tuple(quirk.variants)) for quirk in self.provider.quirks} == described

    def test_a_variant_is_met_by_a_test_of_its_quirk(self, variant: tuple[str, str, str]) -> None:
        """It has the quirk's number in its name and names the variant; the default one needs no name."""
        number, switch, value = variant
        texts = _tested_quirks(self.tests).get(number)
        is_default = value == next(each for each in self.provider.quirks if each.name == switch).default
        is_met = texts is not None and (is_default or value in texts)
        is_excused = bool(self.untested_variants.get(f"{switch}: {value}"))

        assert is_met != is_excused, f"no test_{number.lower().replace('-', '_')}_… meets {switch}: {value}"

    def test_every_example_gets_a_response_in_a_variant(
        self, service: Service, create_world: Any, variant: tuple[str, str, str]
    ) -> None:
        """One of the provider, and not a server error."""
        _, switch, value = variant
        for example in self.examples.values():
            world = create_world(variants={switch: value})
            response = self.send(service, example, world)

            assert self.last_exchange(world).outcome in ("accepted", "rejected")
            assert response.status < 500


# -- what its operations do ----------------------------------------------------------------------------------------------


class OperationTests(ConformanceTests):
    """Every operation has an example that gets the same response with and without Flask, and keeps secrets."""

    def test_an_operation_accepts_its_example(self, service: Service, world: WorldClient, operation: Operation) -> None:
        """In a fresh world."""
        self.send(service, self.example(operation), world)
        exchange = self.last_exchange(world)

        assert ("accepted", operation.name) == (exchange.outcome, exchange.operation)

    def test_flask_sends_the_same_bytes_as_our_connection(
        self, service: Service, create_world: Any, operation: Operation
    ) -> None:
        """Our own connection and the Flask application."""
        example = self.example(operation)
        world, other = create_world(), create_world()
        own = self.send(service, example, world)
        flask = _bytes_of_flask(service, self.request(example, other))

        assert own.status == operation.status
        assert _without_keys(_bytes(own), world) == _without_keys(flask, other)

    @pytest.mark.parametrize("method", ["PROPFIND", "GET"])
    def test_flask_sends_the_same_bytes_as_our_connection_for_an_unknown_route(
        self, service: Service, create_world: Any, method: str
    ) -> None:
        """A method and a path that no route has, at the provider's host."""
        example = Example(method, "/nothing/is/here", headers={"Host": self.provider.hosts[0]})
        own = self.send(service, example, create_world())

        assert _bytes(own) == _bytes_of_flask(service, self.request(example, create_world()))
        assert own.error is None or type(own.error) in self.provider.routing_errors.values()

    def test_a_world_created_from_a_snapshot_equals_the_original(
        self, service: Service, create_world: Any, operation: Operation
    ) -> None:
        """In its state after the operation, and in the responses to repeatable operations."""
        world = create_world()
        self.send(service, self.example(operation), world)
        copy = create_world(snapshot=self.state(world))

        assert self.state(world) == self.state(copy)
        for each in self.provider.operations:
            if each.is_repeatable:
                example = self.example(each)
                assert self.sent(service, example, world) == self.sent(service, example, copy)

    def test_unknown_credentials_are_not_in_the_journal(
        self, service: Service, world: WorldClient, operation: Operation
    ) -> None:
        """A real key may have been sent by mistake."""
        service.handler.respond(self.example(operation).request(UNKNOWN_USER, UNKNOWN_USER[::-1], world.id))
        kept = orjson.dumps(world.exchange(self.last_exchange(world).number).row)

        assert UNKNOWN_USER[::-1].encode() not in kept


# -- what goes wrong -----------------------------------------------------------------------------------------------------


class FaultTests(ConformanceTests):
    """Every operation under every fault."""

    def test_a_fault_hits_before_or_after_the_operation_takes_effect(
        self, service: Service, create_world: Any, fault: tuple[Operation, str, str]
    ) -> None:
        """Before: the state is as without the request. After: the state is as without the fault."""
        operation, kind, point = fault
        example, world, twin = self.example(operation), create_world(), create_world()
        if point == "after":
            self.send(service, example, twin)
        world.faults.add(kind, **self.fault_options(kind), match=self.match, point=point, when={"first": 1})
        self.send(service, example, world)

        assert point == world.exchange(self.last_exchange(world).number).row["fault"]["point"]
        assert self.state(twin) == self.state(world)

    def test_the_next_response_after_a_fault_is_as_without_it(
        self, service: Service, create_world: Any, fault: tuple[Operation, str, str]
    ) -> None:
        """The response to the same request, sent once more."""
        operation, kind, point = fault
        example, world, twin = self.example(operation), create_world(), create_world()
        world.faults.add(kind, **self.fault_options(kind), match=self.match, point=point, when={"first": 1})
        for each in (world, twin) if point == "after" else (world,):
            self.send(service, example, each)
        if kind == "replay":
            self.send(service, example, world)  # gets the earlier response, and is not executed

        assert self.sent(service, example, twin) == self.sent(service, example, world)

    @property
    def match(self) -> dict[str, str]:
        """The match of the suite's fault rules: requests to the provider."""
        return {"provider": self.provider.name}

    def fault_options(self, kind: str) -> Mapping[str, Any]:
        """Return the options that a kind of fault requires."""
        if kind == "provider_error":
            return {"name": self.provider.errors[0].__name__}
        return FAULT_OPTIONS.get(kind, {})

    def test_an_error_injected_by_a_fault_is_in_the_response(
        self, service: Service, create_world: Any, error: type[ProviderError]
    ) -> None:
        """On every operation, with all its facts."""
        for example in self.examples.values():
            world = create_world()
            world.faults.add("provider_error", name=error.__name__, match=self.match)
            found = self.send(service, example, world).error

            assert type(found) is error
            assert all(fact is not None for fact in found.facts.values())
            for sentence in (str(found), found.advice):
                assert "…" not in sentence
                assert "None" not in sentence


class WebhookTests(ConformanceTests):
    """`mockserver check-receiver` can send every kind of webhook of the provider."""

    @pytest.mark.parametrize("requires_ack", [False, True])
    def test_every_kind_of_webhook_can_be_caused(self, requires_ack: bool) -> None:
        """Its account is valid in a world file, and its message leads to a webhook to the account's URL."""
        provider, url = self.provider, "http://127.0.0.1:8000/receiver"
        for kind in provider.webhook_kinds:
            world = create_webhook_world(provider, kind, url, requires_ack=requires_ack, at=parse_instant(NOON))
            cause_webhooks(world, provider, kind, CASES[0], 0)

            assert build_first_webhook(world, provider).url.startswith(url)


class RecordingTests(ConformanceTests):
    """Recordings of the vendor's traffic can be read."""

    def test_a_recording_without_exchanges_makes_no_account(self) -> None:
        """The module that `Provider.recordings` names is there, with its two names."""
        variants = {quirk.name: quirk.default for quirk in self.provider.quirks}
        reconstruct = self.provider.reconstruct

        assert all(field.path for field in self.provider.generated_fields)
        assert reconstruct is None or [*reconstruct((), variants).accounts] == []


class ProviderSuite(SourceTests, QuirkTests, OperationTests, FaultTests, WebhookTests, RecordingTests):
    """The whole suite."""


@cache
def _service_of(provider: Provider) -> Service:
    """Return one service for all tests of a process, because building it compiles every route."""
    others = (each for each in installed_providers() if each.name != provider.name)
    return build_service(providers=(*others, provider))


# -- cases -----------------------------------------------------------------------------------------------------------------


def _faults(suite: type[ConformanceTests]) -> _Cases:
    return {
        f"{operation.name}-{kind}-{point}": (operation, kind, point)
        for operation in suite.provider.operations
        for kind, fault in RESPONSE_FAULTS.items()
        for point in fault.points
    }


def _variants(suite: type[ConformanceTests]) -> _Cases:
    return {
        f"{quirk.name}={value}": (quirk.number, quirk.name, value)
        for quirk in suite.provider.quirks
        for value in quirk.variants
    }


_CASES: Mapping[str, Any] = {
    "operation": lambda suite: {each.name: each for each in suite.provider.operations},
    "error": lambda suite: {each.__name__: each for each in suite.provider.errors},
    "quirk": lambda suite: {number: number for number in _numbers(suite.provider)},
    "variant": _variants,
    "fault": _faults,
}


def _numbers(provider: Provider) -> list[str]:
    return [] if provider.quirks_file is None else list(entries(provider.quirks_file))


@cache
def _words(path: Path) -> str:
    """Return a document's text in one line, without Markdown's marks."""
    return " ".join(re.sub(r"[`*]", "", path.read_text("utf-8")).split())


@cache
def _python(folder: Path) -> str:
    return "\n".join(path.read_text("utf-8") for path in sorted(folder.rglob("*.py")))


@cache
def _tested_quirks(folder: Path) -> Mapping[str, frozenset[str]]:
    """Return the quirks in the names of tests, each with the string literals of these tests and their constants."""
    found: dict[str, set[str]] = {}
    for path in sorted(folder.rglob("test_*.py")):
        module = ast.parse(path.read_text("utf-8"))
        constants = dict(_constants(module))
        for function in ast.walk(module):
            name = function.name if isinstance(function, ast.FunctionDef) else ""
            number = re.match(r"test_([a-z]+_[0-9]+)_", name)
            if number is not None:
                texts = found.setdefault(number[1].upper().replace("_", "-"), set())
                texts.update(_texts(function))
                names = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
                texts.update(*(constants.get(name, ()) for name in names))
    return {number: frozenset(texts) for number, texts in found.items()}


def _constants(module: ast.Module) -> Iterator[tuple[str, list[str]]]:
    for node in module.body:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    yield target.id, list(_texts(node.value))


def _texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
