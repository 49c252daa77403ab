"""Which parameter and header names are masked as credentials."""

from __future__ import annotations

import pytest

from contract_tests.installed import PROVIDERS
from mockserver.http.secret_names import SecretNames

NAMES = SecretNames(name for provider in PROVIDERS for name in provider.secrets)

READ = sorted(
    {row.name for provider in PROVIDERS for row in provider.parameters}
    - {name for provider in PROVIDERS for name in provider.secrets}
)
"""What the providers read that is no credential."""


@pytest.mark.parametrize(
    "name",
    [
        *(
            "access_key",
            "ACCESS-KEY",
            "accessKey",
            "acces_key",
            "acess_key",
            "accsess_key",
            "acccess_key",
            "access_kye",
        ),
        *("secret_access_key", "secret_acess_key", "secret_acces_key", "sercet_access_key", "SecretAccesKey"),
        *("api_key", "apikey", "api-kye", "X-Api-Key", "dialogtech_api_key", "keys[api_key]"),
        *("password", "pasword", "passwrod", "passwort", "Passwd", "old_password", "usernmae", "user_name"),
        *(
            "haslo",
            "Haslo",
            "hasło",
            "nowe_haslo",
            "pwd",
            "PWD",
            "db_pwd",
            "userPwd",
            "pass",
            "user-pass",
            "DBPass",
            "key",
        ),
        *("Authorization", "authorisation", "Authorizaton", "Proxy-Authorization", "Cookie", "cookies", "X-Auth-Token"),
    ],
)
def test_a_name_that_is_near_to_a_credential_s_is_taken_for_one(name: str) -> None:
    assert name in NAMES


@pytest.mark.parametrize(
    "name",
    [
        *READ,
        *("", "msg", "sender", "recipient", "surname", "first_name", "user", "keys", "access", "passport", "passenger"),
        *("Host", "User-Agent", "Accept", "Accept-Encoding", "Content-Type", "Content-Length", "Connection"),
        *("X-Request-Id", "Idempotency-Key", "Origin", "Referer", "Date", "Author"),
    ],
)
def test_an_ordinary_name_is_not(name: str) -> None:
    assert name not in NAMES
