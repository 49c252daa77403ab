"""The actions of `ibp_api.php` that the vendor's pages and clients name, and that are not offered (DT-45)."""

from __future__ import annotations

from collections.abc import Mapping

_VERBS: Mapping[str, str] = {
    "addons": "list purchase",
    "broadcast": "create get_optout history optout schedule status stop",
    "conference": "attendee list remove schedule",
    "cost": "get_surcharge",
    "findme": "add_number create delete delete_number delete_recorded_call empty get_findme_list get_phone_list"
    " get_recorded_calls_list update_list_settings",
    "group": "create details empty list memberadd memberremove remove rename",
    "locator": "location",
    "numbers": "order remove search",
    "recording": "download list remove upload",
    "registerednumbers": "add list remove",
    "report": "broadcast call_detail call_detail_csv clickto survo",
    "routing": "advanced configure numbers update_label",
    "survo": "delete_survey_results get_recording",
    "transcription": "create get",
    "verifymenow": "get_recording verify",
    "vmail": "createbox deletebox deletemessage getmessages recordgreeting",
}
NOT_OFFERED = frozenset(f"{group}.{verb}" for group, verbs in _VERBS.items() for verb in verbs.split())
