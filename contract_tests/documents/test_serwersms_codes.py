"""Each code of the vendor's table is reached: by a state of a world, or by a fault rule that names its error."""

from __future__ import annotations

import re

import pytest

from contract_tests.documents.serwersms_api import USER
from mockserver.providers.serwersms import SERWERSMS
from mockserver.providers.serwersms.errors import BY_FAULT, CODES, ERRORS

FAULTS = "/_mock/worlds/default/faults"


def test_every_code_of_the_vendors_table_has_an_error():
    assert {error.code for error in ERRORS} == CODES.keys()


def test_sw_98_the_codes_that_no_state_causes_are_those_that_the_entry_lists():
    assert SERWERSMS.quirks_file is not None
    (listed,) = re.findall("come by a fault alone: ([0-9, to]+)", SERWERSMS.quirks_file.read_text("utf-8"))
    codes = set()
    for part in listed.split(", "):
        first, _, last = part.partition(" to ")
        codes |= set(range(int(first), int(last or first) + 1))

    assert {error.code for error in BY_FAULT} == codes
    assert codes.isdisjoint(error.code for error in ERRORS if error not in BY_FAULT)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: f"{error.code}-{error.__name__}")
def test_a_fault_rule_that_names_an_error_answers_its_code(client, error):
    rule = {"fault": {"kind": "provider_error", "name": error.__name__}, "match": {"provider": "serwersms"}}
    assert client.post(FAULTS, json=rule).status_code == 201

    answer = client.post("/account/help.json", json=USER)
    assert answer.json == {
        "error": {"code": error.code, "type": CODES[error.code].type, "message": CODES[error.code].en}
    }
    assert answer.status_code == error.status
