"""The provider-specific fields of a world's accounts: their values, and the form that changes one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from .page_context import PageRequest


class FieldView(NamedTuple):
    """A field of an account, as the page shows it."""

    name: str
    value: str
    """A text as it is, any other value as JSON; empty if the account has none."""
    description: str
    """What a value must be."""


class AccountFieldsView(NamedTuple):
    """The provider-specific fields of an account."""

    provider: str
    title: str
    """The provider's title."""
    account: str
    fields: tuple[FieldView, ...]


def view_account_fields(page_request: PageRequest, accounts: Iterable[Mapping[str, Any]]) -> list[AccountFieldsView]:
    """Return those of some accounts, given as the control API's JSON, whose providers declare fields for them."""
    schemas = {
        provider.name: _field_schemas(page_request, provider.name) for provider in page_request.context.providers
    }
    if not any(schemas.values()):
        return []
    return [
        AccountFieldsView(
            account["provider"],
            page_request.context.titles[account["provider"]],
            account["name"],
            tuple(_field_view(name, schema, account.get("fields", {})) for name, schema in fields.items()),
        )
        for account in accounts
        if (fields := schemas.get(account["provider"]))
    ]


def _field_schemas(page_request: PageRequest, provider: str) -> Mapping[str, Any]:
    """Return the JSON Schema of each field that a provider declares for its accounts."""
    properties = page_request.context.providers_by_name[provider].account_schema["properties"]
    schemas: Mapping[str, Any] = properties.get("fields", {}).get("properties", {})
    return schemas


def _field_view(name: str, schema: Mapping[str, Any], values: Mapping[str, Any]) -> FieldView:
    value = values.get(name, "")
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return FieldView(name, text, schema["description"])


def change_field(page_request: PageRequest) -> None:
    """Change the field of an account that a form names.

    Raises:
        ControlError: the world has no such account or field, or the value is not valid.
    """
    form = page_request.request.form
    provider, account, name = (form.get(key, "") for key in ("provider", "account", "name"))
    text = form.get("value", "").replace("\r\n", "\n")
    path = f"accounts/{quote(provider, safe='')}/{quote(account, safe='')}"
    known = provider in page_request.context.providers_by_name
    schema = _field_schemas(page_request, provider).get(name, {}) if known else {}
    page_request.call_api("PATCH", path, {"fields": {name: _parse(text, schema)}})


def _parse(text: str, schema: Mapping[str, Any]) -> Any:
    """Read a value as JSON, unless its field holds text or it is not JSON: then it is a text."""
    if schema.get("type") == "string" or all(isinstance(each, str) for each in schema.get("enum", (None,))):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
