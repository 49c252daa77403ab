"""The peers that run in Node: Mockoon, Prism, Mountebank, json-server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qsl
from uuid import NAMESPACE_URL, uuid5

from benchmarks.asking import Request, Response
from benchmarks.installing import Cache
from benchmarks.loads import FORM, LOADS, SEND, Load

from .peer import Peer, Place


class _Node(Peer):
    package: str
    version: str
    program: str
    """In the package's folder."""

    def install(self, cache: Cache) -> str:
        """From npm."""
        cache.needs("node")
        self.start = ["node", str(cache.npm(self.package, self.version) / self.program)]
        return self.version


def _path(load: Load) -> str:
    return load.requests()[0].target.partition("?")[0]


class Mockoon(_Node):
    """@mockoon/cli."""

    name = "Mockoon"
    note = "Static routes, templating off, no state."
    package, version, program = "@mockoon/cli", "9.9.0", "bin/run.js"

    def configure(self, place: Place, responses: Mapping[str, Response]) -> None:
        """An environment with a route for each load."""
        routes = [self._route(load, responses[load.name]) for load in LOADS]
        environment = {
            "uuid": _uuid("environment"),
            "lastMigration": 33,
            "name": "LimitSnapshot",
            "port": place.port,
            "hostname": "127.0.0.1",
            "endpointPrefix": "",
            "latency": 0,
            "rootChildren": [{"type": "route", "uuid": route["uuid"]} for route in routes],
            "folders": [],
            "routes": routes,
            "proxyMode": False,
            "proxyHost": "",
            "proxyRemovePrefix": False,
            "tlsOptions": {
                "enabled": False,
                "type": "CERT",
                "pfxPath": "",
                "certPath": "",
                "keyPath": "",
                "caPath": "",
                "passphrase": "",
            },
            "cors": False,
            "headers": [],
            "proxyReqHeaders": [],
            "proxyResHeaders": [],
            "data": [],
            "callbacks": [],
        }
        (place.folder / "environment.json").write_text(json.dumps(environment), encoding="utf-8")

    def _route(self, load: Load, result: Response) -> dict[str, Any]:
        response = {
            "uuid": _uuid(f"response/{load.name}"),
            "body": result.text,
            "latency": 0,
            "statusCode": result.status,
            "label": "",
            "headers": [{"key": name, "value": value} for name, value in result.own_headers.items()],
            "bodyType": "INLINE",
            "filePath": "",
            "databucketID": "",
            "sendFileAsBody": False,
            "rules": [],
            "rulesOperator": "OR",
            "disableTemplating": True,
            "fallbackTo404": False,
            "default": True,
            "crudKey": "id",
            "callbacks": [],
        }
        return {
            "uuid": _uuid(f"route/{load.name}"),
            "type": "http",
            "documentation": "",
            "method": load.requests()[0].method.lower(),
            "endpoint": _path(load).lstrip("/"),
            "responses": [response],
            "responseMode": None,
            "streamingMode": None,
            "streamingInterval": 0,
        }

    def command(self, place: Place) -> list[str]:
        """mockoon-cli start."""
        return [
            *self.start,
            "start",
            "--data",
            str(place.folder / "environment.json"),
            "--port",
            str(place.port),
        ]


def _uuid(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"urn:mockserver:benchmarks:{name}"))


class Prism(_Node):
    """@stoplight/prism-cli."""

    name = "Prism"
    note = "Examples of an OpenAPI description; checks that each form has its fields, no state."
    package, version, program = "@stoplight/prism-cli", "5.16.0", "dist/index.js"

    def configure(self, place: Place, responses: Mapping[str, Response]) -> None:
        """A description with one example for each load."""
        paths = {_path(load): self._path_item(load, responses[load.name]) for load in LOADS}
        described = {"openapi": "3.0.3", "info": {"title": "LimitSnapshot", "version": "1"}, "paths": paths}
        (place.folder / "openapi.json").write_text(json.dumps(described), encoding="utf-8")

    def _path_item(self, load: Load, response: Response) -> dict[str, Any]:
        kind = response.own_headers["Content-Type"].partition(";")[0]
        example = json.loads(response.body) if kind == "application/json" else response.text
        operation: dict[str, Any] = {
            "responses": {"200": {"description": load.about, "content": {kind: {"example": example}}}}
        }
        request = load.requests()[0]
        if request.body:
            names = [name for name, _ in parse_qsl(request.body.decode())]
            form = {"type": "object", "required": names, "properties": {name: {"type": "string"} for name in names}}
            operation["requestBody"] = {"content": {dict(FORM)["Content-Type"]: {"schema": form}}}
        return {request.method.lower(): operation}

    def command(self, place: Place) -> list[str]:
        """Prism in its mock mode."""
        return [*self.start, "mock", "--port", str(place.port), str(place.folder / "openapi.json")]

    def is_right(self, load: Load, response: Response, recorded: Response) -> bool:
        """It writes the example's JSON itself, so the value counts."""
        if load is SEND:
            return super().is_right(load, response, recorded)
        return response.status == recorded.status and bool(json.loads(response.body) == json.loads(recorded.body))


class Mountebank(_Node):
    """mountebank."""

    name = "Mountebank"
    note = "Static imposter by method and path, no state; records no requests unless asked to."
    package, version, program = "mountebank", "2.9.1", "bin/mb"

    def configure(self, place: Place, responses: Mapping[str, Response]) -> None:
        """One imposter with a stub for each load."""
        stubs = [
            {
                "predicates": [{"equals": {"method": load.requests()[0].method, "path": _path(load)}}],
                "responses": [
                    {
                        "is": {
                            "statusCode": responses[load.name].status,
                            "headers": {**responses[load.name].own_headers, "Connection": "keep-alive"},
                            "body": responses[load.name].text,
                        }
                    }
                ],
            }
            for load in LOADS
        ]
        imposters = {"imposters": [{"port": place.port, "protocol": "http", "stubs": stubs}]}
        (place.folder / "imposters.json").write_text(json.dumps(imposters), encoding="utf-8")

    def command(self, place: Place) -> list[str]:
        """mb, with its own port beside the imposter's."""
        return [*self.start, "--port", str(place.other_port), "--configfile", str(place.folder / "imposters.json")]


class JsonServer(_Node):
    """json-server, of the last line that is released as stable."""

    name = "json-server"
    note = (
        "JSON resources of a file: a send is a POST of the message as JSON, which it keeps in its file; the pages and the"
        " four items are GETs. No XML, no forms."
    )
    package, version, program = "json-server", "0.17.4", "lib/cli/bin.js"
    _resources: ClassVar = {"page of 50": "page", "page of 500": "long-page", "recived": "recived"}

    def configure(self, place: Place, responses: Mapping[str, Response]) -> None:
        """A file with a resource for each load."""
        held: dict[str, Any] = {
            resource: json.loads(responses[name].body) for name, resource in self._resources.items()
        }
        (place.folder / "db.json").write_text(json.dumps({**held, "messages": []}), encoding="utf-8")

    def command(self, place: Place) -> list[str]:
        """json-server."""
        return [*self.start, "--port", str(place.port), str(place.folder / "db.json")]

    def requests(self, load: Load) -> list[Request]:
        """Its own addresses."""
        if load is not SEND:
            return [Request("GET", f"/{self._resources[load.name]}")]
        sms = {"from": "5550000000", "to": "5556667777", "message": "Thank you for calling."}
        return [Request("POST", "/messages", json.dumps(sms).encode(), (("Content-Type", "application/json"),))]

    def is_right(self, load: Load, response: Response, recorded: Response) -> bool:
        """It writes JSON in its own manner, so the value counts."""
        if load is SEND:
            return response.status == 201
        return response.status == 200 and bool(json.loads(response.body) == json.loads(recorded.body))
