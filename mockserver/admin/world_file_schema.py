"""The JSON Schema of world files for editors, made of the format around accounts and of each provider's own schema."""

from __future__ import annotations

from typing import Any

from mockserver.http.fault_effects import SCHEMAS
from mockserver.http.fault_rules import SAVED_RULE
from mockserver.worldfile.rules import envelope

from .endpoint import Catalog
from .schemas import a_list, account_schema, variants_schema


def world_file_schema(catalog: Catalog) -> dict[str, Any]:
    """Return the whole JSON Schema (draft 7) of a world file, with what the accounts of each provider may contain.

    A server checks more than a schema can say: that names are unique, that what is referred to exists.
    """
    fault = {"anyOf": [schema for kinds in SCHEMAS.values() for schema in kinds.values()]}
    rule = {
        **SAVED_RULE,
        "properties": {**SAVED_RULE["properties"], "fault": {"anyOf": [fault, a_list(fault, "a list of faults")]}},
    }
    accounts = {"anyOf": [account_schema(provider) for provider in catalog.providers]}
    whole = envelope()
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "World file of mockserver",
        **whole,
        "properties": {
            **whole["properties"],
            "variants": variants_schema(catalog.switches),
            "faults": a_list(rule, "a list of fault rules"),
            "accounts": a_list(accounts, "a list of accounts"),
        },
    }
