"""What recorded responses show of an account's entries, such as contacts: those that there were before the recording."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, count
from typing import Any, ClassVar, TypeAlias

from mockserver.providers.serwersms.entries import (
    BLACKLIST,
    CHECKS,
    CONTACTS,
    FILES,
    FIRST_IDS,
    GROUPS,
    NOTICES,
    PAYMENTS,
    QUIZZES,
    RCS_BOTS,
    REGISTRATIONS,
    SENDERS,
    SUBACCOUNTS,
    SUBSCRIBERS,
    TEMPLATES,
)
from mockserver.providers.serwersms.listing import LARGEST, SIZE
from mockserver.providers.serwersms.networks import network_of
from mockserver.providers.serwersms.operations.phones import KINDS, LONGEST_WAIT, SEVERAL_TAKE
from mockserver.providers.serwersms.senders import READY_MADE, TWO_WAY
from mockserver.sdk import SECOND, Instant, iso

from .pages import MOST_ADDED, UNKNOWN, EntryPage, MadeUp, complete_entry_pages, made_up_phone
from .recorded_calls import Findings, RecordedCall, RecordedItem

PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
NUMBER = re.compile(r"\+[1-9][0-9]{6,14}|[0-9]{3,8}", re.ASCII)
"""A number that may be an account's: a telephone number or a short one."""


class Order:
    """The order of a list, put together from parts of it, such as pages."""

    def __init__(self) -> None:
        self._next: dict[Hashable, Hashable] = {None: None}

    def merge(self, part: Iterable[Hashable]) -> None:
        """Add a part: what is not known yet comes after what stands before it."""
        before: Hashable = None
        known = [each for each in part if each is not None]
        if known and known[0] not in self._next:
            first_known = next((place for place, each in enumerate(known) if each in self._next), None)
            before = self._last() if first_known is None else self._before(known[first_known])
        for each in known:
            if each not in self._next:
                self._next[each], self._next[before] = self._next[before], each
            before = each

    def _last(self) -> Hashable:
        *_, last = self._walk()
        return last

    def _before(self, wanted: Hashable) -> Hashable:
        return next(each for each in self._walk() if self._next[each] == wanted)

    def _walk(self) -> Iterator[Hashable]:
        each: Hashable = None
        yield each
        while (each := self._next[each]) is not None:
            yield each

    def all(self) -> list[Any]:
        """Return everything in order."""
        return [each for each in self._walk() if each is not None]


class History:
    """The entries of a collection, as they were before the recording."""

    def __init__(self) -> None:
        self.initial: dict[Hashable, dict[str, Any]] = {}
        """The fields that each entry had at first, as far as they were shown."""
        self._now: dict[Hashable, dict[str, Any]] = {}
        """The fields as they are known at last."""
        self.added: set[Hashable] = set()
        """The ids of entries that the recording itself has added."""
        self._gone: set[Hashable] = set()
        self.has_whole_list = False
        """Whether a response had all entries."""
        self.is_changed = False
        """Whether the recording has added or deleted entries so far."""
        self._order = Order()
        self.pages: list[EntryPage] = []
        """The pages that were read, before the recording itself has changed the list."""

    def add(self, entry_id: Hashable) -> None:
        """Note that a request of the recording has added an entry."""
        if entry_id is not None and entry_id not in self.initial:
            self.added.add(entry_id)
        self.is_changed = True
        self._gone.discard(entry_id)

    def edit(self, entry_id: Hashable, fields: Mapping[str, Any]) -> None:
        """Note that a request of the recording has changed fields of an entry."""
        self.mention(entry_id)
        self._now.setdefault(entry_id, {}).update(fields)

    def delete(self, entry_id: Hashable) -> None:
        """Note that a request of the recording has deleted an entry."""
        self.mention(entry_id)
        self.is_changed = True
        self._gone.add(entry_id)

    def mention(self, entry_id: Hashable) -> None:
        """Note that there was an entry."""
        if entry_id not in self.added and entry_id not in self.initial:
            self.initial[entry_id] = {}

    def see(self, entry_id: Hashable, fields: Mapping[str, Any], item: RecordedItem) -> None:
        """Note the fields that a response shows of an entry."""
        if entry_id in self.added:
            return
        if entry_id not in self.initial:
            if self.has_whole_list:
                item.reject("", "it was not in the list before, and no request of the recording adds it")
            self.initial[entry_id] = {}
        now, initial = self._now.setdefault(entry_id, {}), self.initial[entry_id]
        for name, value in fields.items():
            if name not in now:
                initial[name] = now[name] = value
            elif now[name] != value:
                item.reject(name, "it was another before, and no request of the recording changes it")

    def see_list(self, ids: Sequence[Hashable], call: RecordedCall, *, is_whole: bool) -> None:
        """Note the order of a list, the oldest first, and that it has everything that there is."""
        self._order.merge([each for each in ids if each not in self.added])
        if not is_whole:
            return
        shown = set(ids)
        for each in self.initial:
            if each not in shown and each not in self._gone:
                call.body.reject(
                    f"items[{each}]", "it is not in the list any more, and no request of the recording deletes it"
                )
        self.has_whole_list = True

    def entries(
        self, is_in: Callable[[Hashable, int], bool] = lambda _entry, _group: True
    ) -> Iterator[tuple[Any, dict[str, Any]]]:
        """Yield the id and the fields of each entry, the oldest first; `MadeUp` and none for those that only pages tell of.

        Args:
            is_in: returns whether a contact is in a group.
        """
        known = dict.fromkeys(each for each in self._order.all() if each in self.initial)
        missing = [each for each in self.initial if each not in known]
        missing.sort(key=lambda each: (isinstance(each, str), each))
        for each in complete_entry_pages((*known, *missing), self.pages, is_in, is_whole=self.has_whole_list):
            yield each, {} if isinstance(each, MadeUp) else self.initial[each]


_Read: TypeAlias = Callable[["EntryReader", RecordedCall], None]

_CONTACT_TEXTS = ("email", "company", "first_name", "last_name", "tax_id", "address", "city", "description")
_LIST_FILTERS = ("search", "group_id", "phone", "type", "predefined", "personalized")


class EntryReader:
    """Reads the calls of one account, in their order, and keeps what they tell of its entries."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self.histories: dict[str, History] = {
            name: History()
            for name in (
                CONTACTS,
                GROUPS,
                BLACKLIST,
                TEMPLATES,
                FILES,
                SENDERS,
                SUBACCOUNTS,
                PAYMENTS,
                QUIZZES,
                RCS_BOTS,
            )
        }
        self.numbers: dict[str, None] = {}
        """The account's numbers, in their order."""
        self.fields: dict[str, Any] = {}
        """What is known of the account's own fields."""
        self._groups_of: dict[int, list[int]] = {}
        """Contact -> its groups at first."""
        self._moved: set[int] = set()
        """Contacts whose groups a request of the recording has changed."""
        self._counts: dict[int, tuple[int, RecordedItem]] = {}
        self._joined: Counter[int] = Counter()
        """Group -> how many contacts the recording has added to it before its number was shown."""
        self._added_groups: set[int] = set()
        self._added_phones: set[str] = set()
        """The telephone numbers of contacts that the recording has added."""
        self._imported: set[str] = set()
        """The telephone numbers of contacts that the recording has imported; no response tells their ids."""
        self._details: dict[str, dict[str, str]] = {}
        """Phone -> the contact that a received message shows, without its id."""
        self._notices: list[dict[str, Any]] | None = None
        self._subscribers: dict[str, dict[str, Any]] = {}
        self._questions: dict[str, _Question] = {}
        self._registered: set[str] = set()
        self._registrations: list[dict[str, Any]] = []
        self._rights: dict[int, None] = {}

    def read(self, call: RecordedCall) -> None:
        """Read a call that was accepted."""
        read = self._READ.get(call.operation)
        if read is not None:
            read(self, call)

    # -- contacts and groups

    def _list(
        self, call: RecordedCall, name: str, newest_first: bool, key: str = "id"
    ) -> Iterator[tuple[RecordedItem, Any]]:
        """Yield the items of a list with the id of each, and note their order."""
        ids: list[Hashable] = []
        for item in call.body.items():
            entry_id: Hashable = item.number(key) if key == "id" and name in FIRST_IDS else item.text(key)
            if entry_id is None or entry_id == "":
                item.reject(key, "without it nothing can be known of the item")
                continue
            ids.append(entry_id)
            yield item, entry_id
        history, values = self.histories[name], call.values
        if values is None:
            return
        is_sorted = "sort" in values
        is_descending = values.get("order", "desc" if newest_first else "asc") == "desc"
        filters = [each for each in _LIST_FILTERS if values.get(each) not in (None, False)]
        is_whole = call.is_whole_list and not filters and not is_sorted
        history.see_list([] if is_sorted else ids[::-1] if is_descending else ids, call, is_whole=is_whole)
        groups = values.get("group_id") or ()
        is_paged = "page" in values or "limit" in values
        if is_paged and not is_sorted and not history.is_changed and len(groups) == len(filters) <= 1:
            size = min(values.get("limit", SIZE), LARGEST)
            history.pages.append(EntryPage(call, ids, is_descending, size, groups[0] if groups else None))

    def _contact(self, item: RecordedItem) -> int | None:
        number = item.number("id")
        phone = item.text("phone")
        if number is None:
            return None
        if phone in self._imported and number not in self.histories[CONTACTS].initial:
            self.histories[CONTACTS].add(number)
            return number
        if PHONE.fullmatch(phone) is None:
            item.reject("phone", "a contact has a telephone number such as +48500600700")
            return None
        fields = {"phone": phone, **{name: item.text(name) for name in _CONTACT_TEXTS}}
        self.histories[CONTACTS].see(number, fields, item)
        return number

    def _shown_contact(self, item: RecordedItem) -> int | None:
        item.check_names(_CONTACT_NAMES)
        number = self._contact(item)
        if item.flag("blacklist"):
            self.see_blacklisted(item.text("phone"))
        return number

    def _read_contacts(self, call: RecordedCall) -> None:
        asked = call.value("group_id")
        for item, _ in self._list(call, CONTACTS, newest_first=True):
            number, group = self._shown_contact(item), item.number("group_id")
            if group is None or number is None:
                continue
            self.histories[GROUPS].see(group, {"name": item.text("group_name")}, item)
            self._in_group(number, group, is_first=not asked)

    def _in_group(self, contact: int, group: int, *, is_first: bool) -> None:
        if contact in self.histories[CONTACTS].added or contact in self._moved:
            return
        groups = self._groups_of.setdefault(contact, [])
        if is_first and group in groups:
            groups.remove(group)
        if is_first or group not in groups:
            groups.insert(0 if is_first else len(groups), group)

    def _read_contact(self, call: RecordedCall) -> None:
        self._shown_contact(call.body)

    def _read_add_contact(self, call: RecordedCall) -> None:
        number = call.body.number("id")
        self.histories[CONTACTS].add(number)
        self._added_phones.add(call.value("phone", ""))
        for group in call.value("group_id") or ():
            if group not in self._added_groups:
                self.histories[GROUPS].mention(group)
                self._joined[group] += 1

    def _read_edit_contact(self, call: RecordedCall) -> None:
        number = call.value("id")
        names = {name: call.value(name) for name in _CONTACT_TEXTS if call.value(name)}
        phone = call.value("phone")
        self.histories[CONTACTS].edit(number, {**names, **({"phone": phone} if phone else {})})
        if call.value("group_id") is not None:
            self._moved.add(number)

    def _read_import_contacts(self, call: RecordedCall) -> None:
        group = call.body.number("id")
        self.histories[GROUPS].add(group)
        if group is not None:
            self._added_groups.add(group)
        for record in call.value("contact") or ():
            sent = str(record.get("phone", "")).replace(" ", "") if isinstance(record, Mapping) else ""
            self._imported.add(sent if sent.startswith("+") else f"+48{sent}" if len(sent) == 9 else f"+{sent}")

    def _read_group_list(self, call: RecordedCall) -> None:
        for item, number in self._list(call, GROUPS, newest_first=True):
            self._group(item, number)

    def _read_group(self, call: RecordedCall) -> None:
        number = call.body.number("id")
        if number is not None:
            self._group(call.body, number)

    def _group(self, item: RecordedItem, number: int) -> None:
        item.check_names(_GROUP_NAMES)
        self.histories[GROUPS].see(number, {"name": item.text("name")}, item)
        count = item.number("count")
        if count is not None and number not in self._counts:
            self._counts[number] = count - self._joined[number], item

    def _read_add_group(self, call: RecordedCall) -> None:
        number = call.body.number("id")
        self.histories[GROUPS].add(number)
        if number is not None:
            self._added_groups.add(number)

    def _read_limit(self, call: RecordedCall) -> None:
        if call.is_success:
            self.histories[SUBACCOUNTS].mention(call.value("id"))

    def _read_delete_group(self, call: RecordedCall) -> None:
        number = call.value("id")
        self.histories[GROUPS].delete(number)
        if call.value("delete_contacts"):
            for contact, groups in self._groups_of.items():
                if number in groups:
                    self.histories[CONTACTS].delete(contact)

    def _read_memberships(self, call: RecordedCall) -> None:
        phone = call.value("phone")
        found: dict[int, list[int]] = {}
        for item in call.body.items():
            contact, group = item.number("id"), item.number("group_id")
            if contact is None or group is None:
                continue
            self.histories[GROUPS].see(group, {"name": item.text("group_name")}, item)
            self.histories[CONTACTS].see(contact, {"phone": phone}, item)
            found.setdefault(contact, []).append(group)
        self.histories[CONTACTS].see_list(list(found), call, is_whole=False)
        for contact, groups in found.items():
            for group in reversed(groups):
                self._in_group(contact, group, is_first=True)

    def see_details(self, item: RecordedItem) -> None:
        """Read the contact of a received message's sender."""
        phone = item.text("phone")
        if PHONE.fullmatch(phone) and phone not in self._added_phones and phone not in self._imported:
            self._details.setdefault(phone, {name: item.text(name) for name in _CONTACT_TEXTS})

    def see_contact(self, item: RecordedItem) -> None:
        """Read the contact of an outbound message."""
        self._contact(item)

    # -- the blacklist

    def see_blacklisted(self, phone: str) -> None:
        """Note that a number is on the blacklist."""
        history = self.histories[BLACKLIST]
        if PHONE.fullmatch(phone) and phone not in history.added:
            history.mention(phone)

    def _read_blacklist(self, call: RecordedCall) -> None:
        for item, phone in self._list(call, BLACKLIST, newest_first=False, key="phone"):
            item.check_names(_BLACKLIST_NAMES)
            if PHONE.fullmatch(phone) is None:
                item.reject("phone", "the blacklist has telephone numbers such as +48500600700")
                continue
            self.histories[BLACKLIST].see(phone, {"added": _stamp(item.instant("added"))}, item)

    def _read_add_to_blacklist(self, call: RecordedCall) -> None:
        self.histories[BLACKLIST].add(call.value("phone"))

    def _read_delete_from_blacklist(self, call: RecordedCall) -> None:
        self.histories[BLACKLIST].delete(call.value("phone"))

    def _read_check_blacklist(self, call: RecordedCall) -> None:
        if call.body.flag("exists"):
            self.see_blacklisted(call.value("phone", ""))

    # -- templates, files, senders, subaccounts

    def _read_templates(self, call: RecordedCall) -> None:
        for item, _ in self._list(call, TEMPLATES, newest_first=True):
            self._template(item)

    def _read_template(self, call: RecordedCall) -> None:
        self._template(call.body)

    def _template(self, item: RecordedItem) -> None:
        item.check_names(_TEMPLATE_NAMES)
        number = item.number("id")
        if number is not None:
            self.histories[TEMPLATES].see(number, {"name": item.text("name"), "text": item.text("text")}, item)

    def _read_files(self, call: RecordedCall) -> None:
        for item, _ in self._list(call, FILES, newest_first=True):
            self._file(item)

    def _read_file(self, call: RecordedCall) -> None:
        self._file(call.body)

    def _file(self, item: RecordedItem) -> None:
        item.check_names(_FILE_NAMES)
        kind, name = item.text("type"), item.text("id")
        if kind not in ("mms", "voice"):
            item.reject("type", "a file is for mms or voice")
        elif name:
            size, added = item.number("size") or 0, _stamp(item.instant("date"))
            fields = {"type": kind, "name": item.text("name"), "size": size, "added": added}
            self.histories[FILES].see(name, fields, item)

    def _read_senders(self, call: RecordedCall) -> None:
        if call.value("predefined"):
            names = [item.text("name") for item in call.body.items()]
            if sorted(names) != sorted(READY_MADE):
                call.body.reject("items", "the ready-made senders are the same in every world")
            return
        if call.value("type") == "ndi":
            for item in call.body.items():
                self.add_number(item.text("name"))
            return
        for item, name in self._list(call, SENDERS, newest_first=True, key="name"):
            item.check_names(_SENDER_NAMES)
            fields: dict[str, Any] = {"agreement": item.text("agreement"), "status": item.text("status")}
            if item.has_list("networks"):
                fields["networks"] = item.numbers("networks")
            if fields["agreement"] not in _AGREEMENTS or fields["status"] not in _STATUSES or not 1 <= len(name) <= 11:
                item.reject("", "no sender of this server has such a name, status or agreement")
                continue
            self.histories[SENDERS].see(name, fields, item)

    def _read_add_sender(self, call: RecordedCall) -> None:
        self.histories[SENDERS].add(call.value("name"))

    def use_sender(self, name: str) -> None:
        """Note that a message was sent with a sender, which the account may then use."""
        if not name or name == TWO_WAY or name in READY_MADE:
            return
        if name.isdecimal():
            self.add_number(name)
        elif len(name) <= 11 and name not in self.histories[SENDERS].added:
            self.histories[SENDERS].mention(name)

    def add_number(self, number: str) -> None:
        """Note that the account has a number, which is written with or without its prefix."""
        full = number if number.startswith("+") or len(number) < 9 else f"+48{number}"
        if NUMBER.fullmatch(full):
            self.numbers.setdefault(full)

    def _read_subaccounts(self, call: RecordedCall) -> None:
        for item, number in self._list(call, SUBACCOUNTS, newest_first=False):
            self.histories[SUBACCOUNTS].see(number, {"username": item.text("username")}, item)

    def _read_subaccount(self, call: RecordedCall) -> None:
        number = call.body.number("id")
        if number is not None:
            fields = {name: call.body.text(name) for name in ("username", "name", "phone", "email")}
            self.histories[SUBACCOUNTS].see(number, fields, call.body)

    def _read_add_subaccount(self, call: RecordedCall) -> None:
        number, template = call.body.number("id"), call.value("subaccount_id")
        self.histories[SUBACCOUNTS].add(number)
        subaccounts = self.histories[SUBACCOUNTS]
        if template is not None and template not in subaccounts.added and template not in subaccounts.initial:
            self._rights.setdefault(template)

    # -- what is read alone

    def _read_payments(self, call: RecordedCall) -> None:
        for item, _ in self._list(call, PAYMENTS, newest_first=True):
            self._payment(item)

    def _read_payment(self, call: RecordedCall) -> None:
        self._payment(call.body)

    def _payment(self, item: RecordedItem) -> None:
        item.check_names(_PAYMENT_NAMES)
        number, state, until = item.number("id"), item.text("state"), item.text("payment_to")
        if number is None or state not in ("paid", "not_paid"):
            item.reject("state", "a payment is paid or not_paid")
            return
        if until and re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", until, re.ASCII) is None:
            item.reject("payment_to", "it is no day")
            until = ""
        fields = {
            "number": item.text("number"),
            "state": state,
            "paid": item.amount("paid") or 0.0,
            "total": item.amount("total") or 0.0,
            "payment_to": until,
            "url": item.text("url"),
        }
        self.histories[PAYMENTS].see(number, fields, item)

    def _read_quiz(self, call: RecordedCall) -> None:
        call.body.check_names(frozenset(("id", "name", "items")))
        number = call.body.number("id")
        answers = [{"id": item.number("id") or 0, "count": item.number("count") or 0} for item in call.body.items()]
        if number is not None:
            self.histories[QUIZZES].see(number, {"name": call.body.text("name"), "items": answers}, call.body)

    def _read_bots(self, call: RecordedCall) -> None:
        for item, name in self._list(call, RCS_BOTS, newest_first=True, key="rcs_id"):
            item.check_names(_BOT_NAMES)
            fields = {
                "name": item.text("name"),
                "description": item.text("description"),
                "networks": item.numbers("networks"),
                "webhook": item.text("webhook"),
                "online": item.flag("online"),
                "ready": item.text("active") != "1",
            }
            self.histories[RCS_BOTS].see(name, fields, item)

    def use_bot(self, call: RecordedCall) -> None:
        """Note that the account has a bot that a message was sent with."""
        name = str(call.value("rcs_id", "")).lower()
        if name:
            self.histories[RCS_BOTS].mention(name)

    def use_files(self, call: RecordedCall, kind: str) -> None:
        """Note that the account has the files that a message was sent with."""
        history = self.histories[FILES]
        for each in call.value("file_id") or ():
            if each not in history.added and each not in history.initial:
                history.initial[each] = {"type": kind}

    def _read_notices(self, call: RecordedCall) -> None:
        found = [{"message": item.text("message"), "new": item.flag("new")} for item in call.body.items()][::-1]
        for item in call.body.items():
            item.check_names(frozenset(("new", "message")))
        if self._notices is None:
            self._notices = found
        elif self._notices != found:
            call.body.reject("items", "the vendor's messages were others before, and no request changes them")

    def _read_maintainer(self, call: RecordedCall) -> None:
        shown = call.body.child("account_maintainer")
        if shown is not None:
            shown.check_names(_MAINTAINER_NAMES)
            self.fields.setdefault("maintainer", {name: shown.text(name) for name in sorted(_MAINTAINER_NAMES)})

    def _read_register(self, call: RecordedCall) -> None:
        self._registered.add(call.value("email", ""))

    # -- numbers

    def _read_check(self, call: RecordedCall) -> None:
        kind = KINDS[call.operation]
        asked_id = call.value("id")
        sent = call.value("phone", ())
        phones = [str(each) for each in ([sent] if isinstance(sent, str) else sent)]
        job = call.body.text("id") if "id" in call.body.values else ""
        if asked_id is None and job:
            self._questions[job] = _Question(kind, call.at, tuple(phones), is_ours=True)
        question = self._questions.get(asked_id or job)
        if question is None and asked_id is not None:
            question = self._questions[asked_id] = _Question(kind, call.at, (), is_ours=False)
        results = (
            call.body.items()
            if call.body.has_list("items")
            else [call.body]
            if "status" in call.body.values and "phone" in call.body.values
            else []
        )
        for item in results:
            self._subscriber(item, kind)
        if question is not None:
            question.see(call, [item.text("phone") for item in results])

    def _see_pending(self, call: RecordedCall) -> None:
        """Note that the answer about one number was not there yet."""
        asked_id = call.value("id")
        if asked_id:
            kind = KINDS[call.operation]
            question = self._questions.setdefault(asked_id, _Question(kind, call.at, (), is_ours=False))
            question.note_pending(call.at)

    def _subscriber(self, item: RecordedItem, kind: str) -> None:
        item.check_names(_CHECK_NAMES)
        phone, status = item.text("phone"), item.text("status")
        if not phone or status not in ("OK", "ERR"):
            item.reject("status", "a number is OK or ERR")
            return
        network = network_of(phone)
        known: dict[str, Any] = {
            "status": status,
            "imsi": item.number("imsi"),
            "network": item.text("network") or None,
            "ported": item.flag("ported"),
            "network_ported": item.text("network_ported") or None,
        }
        if kind == "check":
            known["description"] = item.text("description") or None
        usual: dict[str, Any] = {
            "status": "ERR" if network is None else "OK",
            "imsi": None if network is None else network.mnc,
            "network": None if network is None else network.name,
            "ported": False,
            "network_ported": None,
        }
        if {**known, "description": known.get("description")} != {**usual, "description": None}:
            if network is not None and not (known["imsi"] and known["network"]):
                item.reject("network", "a number of a Polish mobile network shows its network and imsi")
            before = self._subscribers.setdefault(phone, known)
            if any(before.get(name, value) != value for name, value in known.items()):
                item.reject("", "the networks knew something else of the number before")
            before |= {name: value for name, value in known.items() if name not in before}
        elif phone in self._subscribers:
            item.reject("", "the networks knew something else of the number before")

    # -- errors

    def read_error(self, call: RecordedCall) -> None:
        """Note what an error tells of the account."""
        cause = _CAUSES.get(call.error or 0)
        if cause is not None and call.operation.startswith(cause[0]):
            name, value = cause[1:]
            if isinstance(value, tuple):
                self.fields[name] = list(dict.fromkeys((*self.fields.get(name, ()), *value)))
            else:
                self.fields.setdefault(name, value)
        elif call.error == 4105 and call.operation in KINDS:
            self._see_pending(call)
        elif call.error == 4312 and call.value("email") not in self._registered:
            names = ("phone", "email", "first_name", "last_name", "company")
            self._registered.add(call.value("email", ""))
            self._registrations.append({name: call.value(name, "") for name in names})
        elif call.error == 4601:
            self.histories[BLACKLIST].mention(call.value("phone", ""))
        elif call.error == 4400:
            self.use_sender(call.value("name", ""))

    # -- out

    def collections(self) -> dict[str, list[dict[str, Any]]]:
        """Return the entries by collection, as a world file has them."""
        made = {
            CONTACTS: self._made_contacts(),
            GROUPS: self._plain(GROUPS, name=UNKNOWN),
            BLACKLIST: [
                {
                    "id": number,
                    "phone": made_up_phone(number) if isinstance(phone, MadeUp) else phone,
                    **_without_nothing(fields),
                }
                for number, (phone, fields) in enumerate(self.histories[BLACKLIST].entries(), FIRST_IDS[BLACKLIST])
            ],
            TEMPLATES: self._plain(TEMPLATES, name="", text=""),
            FILES: self._plain(FILES, type="mms", name="plik.jpg", size=0),
            SENDERS: self._plain(SENDERS, status="authorized") or self._made_senders(),
            SUBACCOUNTS: self._plain(SUBACCOUNTS, username="subaccount"),
            PAYMENTS: self._plain(PAYMENTS, number=UNKNOWN, state="paid", paid=0.0, total=0.0),
            QUIZZES: self._plain(QUIZZES, name=""),
            RCS_BOTS: self._plain(RCS_BOTS, name=""),
            NOTICES: [{"id": number, **each} for number, each in enumerate(self._notices or (), 1)],
            REGISTRATIONS: [{"id": number, **each} for number, each in enumerate(self._registrations, 1)],
            CHECKS: self._made_checks(),
            SUBSCRIBERS: [{"id": phone, **_without_nothing(each)} for phone, each in self._subscribers.items()],
        }
        return {name: entries for name, entries in made.items() if entries}

    def account_fields(self) -> dict[str, Any]:
        """Return the account's own fields, as far as they are known."""
        rights = {"rights_templates": list(self._rights)} if self._rights else {}
        return {**self.fields, **rights}

    def _plain(self, collection: str, **defaults: Any) -> list[dict[str, Any]]:
        numbers = count(1)
        known = self.histories[collection].initial
        free = (number for number in numbers if number not in known)
        return [
            {"id": next(free) if isinstance(entry_id, MadeUp) else entry_id, **defaults, **_without_nothing(fields)}
            for entry_id, fields in self.histories[collection].entries()
        ]

    def _made_senders(self) -> list[dict[str, Any]]:
        """Return the one sender of an account with the free package, which may not add another (SW-60)."""
        return [{"id": "SENDER"}] if self.fields.get("free_package") and not self.histories[SENDERS].added else []

    def _is_in_group(self, contact: Hashable, group: int) -> bool:
        return isinstance(contact, int) and group in self._groups_of.get(contact, ())

    def _made_contacts(self) -> list[dict[str, Any]]:
        contacts: list[dict[str, Any]] = []
        places, known = count(0), self.histories[CONTACTS].initial
        numbers = count(max([FIRST_IDS[CONTACTS] - 1, *(each for each in known if isinstance(each, int))]) + 1)
        unknown = []
        for number, fields in self.histories[CONTACTS].entries(self._is_in_group):
            if isinstance(number, MadeUp):
                groups = [] if number.group is None else [number.group]
                contacts.append({"id": next(numbers), "phone": made_up_phone(next(places)), "group_ids": groups})
                unknown += [] if groups else contacts[-1:]
                continue
            groups = self._groups_of.get(number, [])
            phone = fields.get("phone") or made_up_phone(next(places))
            texts = {name: value for name, value in fields.items() if value and name != "phone"}
            contacts.append({"id": number, "phone": phone, **texts, "group_ids": groups})
        phones = {contact["phone"] for contact in contacts}
        for phone, texts in self._details.items():
            if phone not in phones:
                named = {name: value for name, value in texts.items() if value}
                contacts.append({"id": next(numbers), "phone": phone, **named, "group_ids": []})
        for group, lacking, item in self._lacking_members(contacts):
            for contact in unknown[:lacking]:
                contact["group_ids"] = [group]
            more = lacking - len(unknown[:lacking])
            unknown = unknown[max(0, lacking) :]
            if more < 0 or more > MOST_ADDED or (more and self._knows_number_of_contacts):
                item.reject("count", "the recording shows another number of contacts of the group")
                continue
            made = (
                {"id": next(numbers), "phone": made_up_phone(next(places)), "group_ids": [group]} for _ in range(more)
            )
            contacts += made
        return [{name: value for name, value in each.items() if name != "group_ids" or value} for each in contacts]

    @property
    def _knows_number_of_contacts(self) -> bool:
        history = self.histories[CONTACTS]
        return history.has_whole_list or any(page.group is None for page in history.pages)

    def _lacking_members(self, contacts: Iterable[Mapping[str, Any]]) -> list[tuple[int, int, RecordedItem]]:
        """Return the groups of which the recording does not show all contacts, and how many it does not."""
        members = Counter(group for each in contacts for group in each["group_ids"])
        return [
            (group, shown - members[group], item)
            for group, (shown, item) in self._counts.items()
            if group not in self._added_groups and shown != members[group]
        ]

    def _made_checks(self) -> list[dict[str, Any]]:
        made = []
        for job, question in self._questions.items():
            seconds = question.seconds(self._findings)
            if question.is_ours:
                usual = SEVERAL_TAKE if len(question.phones) > 1 else 0
                if seconds != usual and question.phones:
                    subscriber = self._subscribers.setdefault(question.phones[0], _usual_subscriber(question.phones[0]))
                    subscriber["seconds"] = max(seconds, subscriber.get("seconds", 0))
            elif question.phones:
                asked = iso(question.asked - seconds * question.done_before * SECOND)
                made.append(
                    {
                        "id": job,
                        "kind": question.kind,
                        "phones": list(question.phones),
                        "asked": asked,
                        "seconds": seconds,
                    }
                )
        return made

    def _read_add(self, call: RecordedCall) -> None:
        name = call.operation.partition(".")[0]
        self.histories[name].add(call.body.number("id") if name in FIRST_IDS else call.body.text("id"))

    def _read_edit(self, call: RecordedCall) -> None:
        values = call.values or {}
        changed = {name: value for name, value in values.items() if name in ("name", "text")}
        self.histories[call.operation.partition(".")[0]].edit(values.get("id"), changed)

    def _read_delete(self, call: RecordedCall) -> None:
        if call.is_success:
            self.histories[call.operation.partition(".")[0]].delete(call.value("id"))

    _READ: ClassVar[Mapping[str, _Read]] = {
        "contacts.index": _read_contacts,
        "contacts.view": _read_contact,
        "contacts.add": _read_add_contact,
        "contacts.edit": _read_edit_contact,
        "contacts.delete": _read_delete,
        "contacts.import": _read_import_contacts,
        "groups.index": _read_group_list,
        "groups.view": _read_group,
        "groups.add": _read_add_group,
        "groups.edit": _read_edit,
        "groups.delete": _read_delete_group,
        "groups.check": _read_memberships,
        "blacklist.index": _read_blacklist,
        "blacklist.add": _read_add_to_blacklist,
        "blacklist.delete": _read_delete_from_blacklist,
        "blacklist.check": _read_check_blacklist,
        "templates.index": _read_templates,
        "templates.view": _read_template,
        "templates.add": _read_add,
        "templates.edit": _read_edit,
        "templates.delete": _read_delete,
        "templates.rcs": _read_bots,
        "files.index": _read_files,
        "files.view": _read_file,
        "files.add": _read_add,
        "files.delete": _read_delete,
        "senders.index": _read_senders,
        "senders.add": _read_add_sender,
        "subaccounts.index": _read_subaccounts,
        "subaccounts.view": _read_subaccount,
        "subaccounts.add": _read_add_subaccount,
        "subaccounts.limit": _read_limit,
        "subaccounts.delete": _read_delete,
        "payments.index": _read_payments,
        "payments.view": _read_payment,
        "quiz.view": _read_quiz,
        "account.messages": _read_notices,
        "account.help": _read_maintainer,
        "account.add": _read_register,
        "phones.check": _read_check,
        "phones.lookup": _read_check,
        "messages.tester_rcs": use_bot,
    }


class _Question:
    """A check of numbers whose result comes later, and what the responses tell of the time that it takes."""

    def __init__(self, kind: str, asked: Instant, phones: tuple[str, ...], *, is_ours: bool) -> None:
        self.kind, self.asked, self.phones, self.is_ours = kind, asked, phones, is_ours
        self.done_before = False
        self._index = 0
        self._percents: list[tuple[int, int]] = []
        """Microseconds after the question, and the per cent that were answered."""
        self._pending: list[int] = []
        self._done: int | None = None

    def see(self, call: RecordedCall, phones: Sequence[str]) -> None:
        """Read an answer."""
        body = call.body
        elapsed, self._index = call.at - self.asked, call.index
        if phones:
            if not self.is_ours and not self.phones:
                self.phones = tuple(phones)
                self.done_before = not self._pending
            self._done = elapsed if self._done is None else self._done
        elif "process" in body.values:
            self._percents.append((elapsed, body.number("process") or 0))
            self._pending.append(elapsed)

    def note_pending(self, at: Instant) -> None:
        """Note that there was no answer yet."""
        self._pending.append(at - self.asked)

    def seconds(self, findings: Findings) -> int:
        """Return how many seconds the answer takes, as far as the answers tell."""
        if not self.is_ours:
            return 0 if self._done is None or not self._pending else max(1, -(-self._done // SECOND))
        several = len(self.phones) > 1
        usual: int = SEVERAL_TAKE if several else LONGEST_WAIT + 1
        if self._done == 0 and several:
            return usual
        for each in chain((usual,), range(SEVERAL_TAKE + 1 if several else LONGEST_WAIT + 1, 86_401)):
            if self._fits(each * SECOND):
                return each
        findings.add(self._index, "process", "no time that the answer takes gives these answers")
        return usual

    def _fits(self, takes: int) -> bool:
        if self._done is not None and self._done < takes:
            return False
        return all(each < takes for each in self._pending) and all(
            elapsed * 100 // takes == percent for elapsed, percent in self._percents
        )


def _usual_subscriber(phone: str) -> dict[str, Any]:
    return {"status": "ERR" if network_of(phone) is None else "OK"}


def _stamp(at: Instant | None) -> str | None:
    return None if at is None else iso(at)


def _without_nothing(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None and value != ""}


_CONTACT_NAMES = frozenset(("id", "phone", *_CONTACT_TEXTS, "blacklist", "group_id", "group_name"))
_GROUP_NAMES = frozenset(("id", "name", "count"))
_BLACKLIST_NAMES = frozenset(("phone", "added"))
_TEMPLATE_NAMES = frozenset(("id", "name", "text"))
_FILE_NAMES = frozenset(("id", "name", "size", "type", "date"))
_SENDER_NAMES = frozenset(("name", "agreement", "status", "networks"))
_PAYMENT_NAMES = frozenset(("id", "number", "state", "paid", "total", "payment_to", "url"))
_BOT_NAMES = frozenset(("name", "description", "rcs_id", "networks", "webhook", "online", "active"))
_MAINTAINER_NAMES = frozenset(("name", "email", "telephone", "photo"))
_CHECK_NAMES = frozenset(
    ("phone", "status", "imsi", "network", "ported", "network_ported", "description", "items", "process", "id")
)
_AGREEMENTS = ("delivered", "required", "not_required")
_STATUSES = ("pending_authorization", "authorized", "rejected", "deactivated")

_CAUSES: Mapping[int, tuple[str, str, Any]] = {
    3008: ("messages.", "denied", ("flash",)),
    3009: ("messages.", "denied", ("sms",)),
    3107: ("messages.", "denied", ("personalized",)),
    3100: ("messages.", "blocked", True),
    3111: ("messages.", "duplicate_control", True),
    4104: ("phones.", "blocked", True),
    4406: ("senders.", "demo", True),
    4407: ("senders.", "free_package", True),
    4500: ("subaccounts.", "denied", ("subaccounts",)),
    4501: ("subaccounts.", "subaccount", True),
}
"""Error -> the operations that it comes from, and the field of the account that causes it (SW-67, SW-93)."""
