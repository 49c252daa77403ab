"""A small Docker engine: the part of its HTTP API that creates, starts, inspects and removes a container of our image.

A container is a process of the server on this machine, with the container's variables; each exposed port is published at the port
at which that process listens.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Self

PUBLISHED = {"7670/tcp": "url", "7671/tcp": "https_url", "7672/tcp": "proxy_url"}
"""What the server's ready file calls the URL at each of the image's ports."""


class DockerEngine:
    """Serves the API at ``url`` until the end of the ``with`` block."""

    def __init__(self, folder: Path, images: set[str]) -> None:
        self.created: list[dict[str, Any]] = []
        """What each container was created from, as the client asked for it."""
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self._folder = folder
        self._images = images
        engine = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length) or b"{}") if length else {}
                path = re.sub(r"^/v[\d.]+", "", self.path.partition("?")[0])
                status, answer = engine.answer(self.command, path, body)
                content = b"" if answer is None else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_DELETE = _answer  # noqa: N815 - http.server's names

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"tcp://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        for container in list(self.running):
            self._remove(container)

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """Do what is asked, and return the status and the answer."""
        if path.startswith("/images/"):
            name = path.removeprefix("/images/").removesuffix("/json")
            known = name in self._images
            return (200, {"Id": name, "RepoTags": [name]}) if known else (404, {"message": f"No such image: {name}"})
        id_ = path.split("/")[2] if path.startswith("/containers/") and path.count("/") > 1 else ""
        match method, path.replace(id_, "ID") if id_ and id_ != "create" else path:
            case "GET", "/version":
                return 200, {"ApiVersion": "1.43", "MinAPIVersion": "1.24", "Version": "24.0.0"}
            case "GET", "/info":
                return 200, {"ServerVersion": "24.0.0", "OperatingSystem": "Debian", "MemTotal": 1}
            case "POST", "/containers/create":
                self.created.append(body)
                return 201, {"Id": f"container{len(self.created)}", "Warnings": []}
            case "POST", "/containers/ID/start":
                self._start(id_)
                return 204, None
            case "GET", "/containers/ID/json":
                return 200, self._inspected(id_)
            case "DELETE", "/containers/ID":
                self._remove(id_)
                return 204, None
        return 404, {"message": f"not here: {method} {path}"}

    def _start(self, container: str) -> None:
        wanted = self.created[int(container.removeprefix("container")) - 1]
        given = dict(each.split("=", 1) for each in wanted["Env"])
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MOCKSERVER_")} | given
        program = str(Path(sys.executable).with_name("mockserver"))
        command = [program, "serve", "--host", "0.0.0.0", "--port", "0", "--ready-file", str(self._ready(container))]
        self.running[container] = subprocess.Popen(
            command, env=environment, cwd=self._folder, stdout=subprocess.DEVNULL
        )

    def _inspected(self, container: str) -> dict[str, Any]:
        file = self._ready(container)
        ready = json.loads(file.read_text() or "{}") if file.exists() else {}
        ports = {
            port: [{"HostIp": "0.0.0.0", "HostPort": ready[name].rpartition(":")[2]}] if ready else None
            for port, name in PUBLISHED.items()
        }
        return {
            "Id": container,
            "State": {"Status": "running" if ready else "created", "Running": bool(ready)},
            "NetworkSettings": {"Ports": ports, "Networks": {}},
            "Config": {},
        }

    def _remove(self, container: str) -> None:
        process = self.running.pop(container)
        process.terminate()
        process.wait()

    def _ready(self, container: str) -> Path:
        return self._folder / f"{container}.json"
