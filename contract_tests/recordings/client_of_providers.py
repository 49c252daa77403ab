"""Asks real providers the deciding requests of switches, as a client whose hosts are written into it: a program for `mockserver record`.

Its argument is a file of JSON: a list of providers' names, each with the values of placeholders and the names of switches.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import requests

from mockserver.recordings.deciding import PlayedResponse, PreparedRequest, play
from mockserver.sdk.loading import installed_providers


def main(plan: Path) -> None:
    """Ask all requests of the plan."""
    providers = installed_providers().by_name
    with requests.Session() as session:
        for name, account, switches in json.loads(plan.read_text("utf-8")):
            host = providers[name].hosts[0]

            def send(request: PreparedRequest, host: str = host) -> PlayedResponse:
                url = f"https://{host}{request.target}"
                answer = session.request(
                    request.method, url, headers=dict(request.headers), data=request.body, timeout=30
                )
                return PlayedResponse(answer.status_code, tuple(answer.headers.items()), answer.content)

            for quirk in providers[name].quirks:
                if quirk.name in switches and quirk.decider is not None:
                    play(quirk.decider.requests, send, account)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
