"""The providers: requests that schemathesis makes from the OpenAPI documents that the server has of them.

A response must have a status and a media type that the document names for its operation.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from random import Random
from typing import TYPE_CHECKING, Any

import hypothesis
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from mockserver.sdk.loading import installed_providers
from mockserver.sdk.provider import Provider

from . import operations, wire
from .control import without_boxes
from .values import is_true
from .wire import Slow, Wrong

if TYPE_CHECKING:
    from .server import FuzzedServer

EXAMPLES = 15
"""Requests of one session for one operation."""
OPERATIONS = 3
"""Operations of one session."""
load_all_checks()


class ProviderApis:
    """The providers of a server as schemathesis reads them."""

    def __init__(self, server: FuzzedServer) -> None:
        self._server = server
        self._operations = [
            (provider, found.ok())
            for provider in installed_providers()
            for found in schemathesis.openapi.from_url(
                f"{server.url}/_mock/openapi/{provider.name}.json"
            ).get_all_operations()
        ]
        self._cases: dict[tuple[str, str, GenerationMode], Any] = {}
        self._session = requests.Session()
        self._session.trust_env = False
        self.count = 0
        """Requests that were sent."""
        self.slowest = 0.0
        """Seconds of the slowest answer of the latest session."""

    def run(self, chance: Random) -> None:
        """Run one session.

        Raises:
            Wrong: a response is not as described.
            Slow: there was none in time.
        """
        self.slowest = 0.0
        for _ in range(OPERATIONS):
            provider, operation = chance.choice(self._operations)
            mode = chance.choice((GenerationMode.POSITIVE, GenerationMode.NEGATIVE))
            self._ask(provider, operation, mode, Random(chance.getrandbits(64)), chance.getrandbits(64))

    def _ask(self, provider: Provider, operation: Any, mode: GenerationMode, chance: Random, seed: int) -> None:
        label = operation.label
        key = provider.name, label, mode
        if key not in self._cases:
            self._cases[key] = operation.as_strategy(generation_mode=mode)

        @hypothesis.seed(seed)
        @given(case=self._cases[key])
        @settings(
            max_examples=EXAMPLES,
            database=None,
            deadline=None,
            derandomize=False,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def each(case: Any) -> None:
            self._send(case, _log_in(chance, provider, case), label)

        try:
            each()
        except (Wrong, Slow):
            raise
        except hypothesis.errors.Unsatisfiable:
            return  # nothing that it is asked for can be wrong
        except (Exception, FailureGroup) as error:
            raise Wrong(f"{label} ({mode.name.lower()}): {without_boxes(error)}") from error

    def _send(self, case: Any, headers: Mapping[str, str], label: str) -> None:
        try:
            response = case.call(
                base_url=self._server.url, session=self._session, headers=headers, timeout=wire.PATIENCE
            )
        except requests.Timeout:
            raise Slow(f"{label}: no answer for {wire.PATIENCE:.0f} s") from None
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
            self._server.check_health()  # a magic number closes the connection
            return
        self.count += 1
        self.slowest = max(self.slowest, response.elapsed)
        case.validate_response(response, checks=[status_code_conformance, content_type_conformance])


def _log_in(chance: Random, provider: Provider, case: Any) -> dict[str, str]:
    """Put the credentials of an account of the default world into most cases; return the headers that have them."""
    account = chance.choice(operations.accounts(provider.name))
    login = chance.choice(account.logins)
    if not is_true(chance, 0.9):
        return {}
    for part in (case.query, case.body):
        if isinstance(part, dict):
            secrets = [row.name for row in provider.parameters if row.is_secret and row.name in part]
            part.update(zip(secrets, (login.user, login.secret or login.user), strict=False))
    if "basic" in provider.authorization:
        return {"Authorization": f"Basic {b64encode(f'{login.user}:{login.secret}'.encode()).decode()}"}
    return {}
