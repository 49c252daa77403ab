"""The public names for provider packages; a provider imports nothing else of mockserver.

A provider is a `Provider` value whose `Operation` objects decide purely: from a call and the world's `State` to a
`Decision`. Names outside ``__all__`` are not public. The first number of `SDK_VERSION` rises when a name is removed or
changes its meaning, the second when one is added.
"""

from __future__ import annotations

from mockserver.engine.accounts import Account, Contact, Credential, ForwardingRule, Login, Number, Program
from mockserver.engine.decisions import NO_TRACE, Decision, DecisionTrace
from mockserver.engine.deliveries import Attempt, Outcome, OutgoingRequest
from mockserver.engine.deliveries import Delivery as WebhookDelivery
from mockserver.engine.entries import Collection, Entries
from mockserver.engine.events import (
    DeliveryOpened,
    EntryDeleted,
    EntryStored,
    Event,
    InboundScheduled,
    MessageChanged,
    MessageDeleted,
    MessageScheduled,
    MessagesRead,
    MessageStored,
)
from mockserver.engine.frozen import freeze
from mockserver.engine.instants import (
    DAY,
    EARLIEST,
    LATEST,
    SECOND,
    Instant,
    datetime_of,
    day_begins,
    day_ends,
    duration,
    instant_of,
    iso,
    parse_instant,
    zone_of,
)
from mockserver.engine.journal import Exchange
from mockserver.engine.limits import Limit, LimitStatus
from mockserver.engine.message_store import MessagePage, MessageSelection, MessageSlice, MessageStore
from mockserver.engine.messages import (
    Attachment,
    Direction,
    IndexKey,
    Message,
    account_key,
    attribute_key,
    field_key,
    kind_key,
    number_key,
    program_key,
)
from mockserver.engine.provider_errors import ProviderError, Source, assumed, documented
from mockserver.engine.state import IdReservation, State
from mockserver.unpatched import read_bytes
from mockserver.validation.json_schema import Schema
from mockserver.validation.messages import show_value, unknown_name

from .error_injection import Case, ErrorBuilder
from .filters import find_emptying_filters
from .inbound import accounts_named, check_fields, message_schema
from .limits import ExceededLimit, LimitUsage, UsageAfterUse, limit_usage
from .operations import (
    FLAGS,
    Call,
    Kind,
    Operation,
    Parameter,
    choice,
    day,
    decide_by,
    flag,
    integer,
    list_of,
    matching,
    parse_parameters,
    text,
)
from .paging import (
    Cursor,
    CursorPage,
    Page,
    cursor,
    find_message,
    newest_first,
    select_after_cursor,
    select_page,
    window,
)
from .provider import Behaviour, Magic, Pages, Probe, Provider, Quirk, Route
from .request import (
    MOST_FIELDS,
    Malformed,
    MalformedCredentials,
    ProviderRequest,
    TooManyFields,
    is_utf8,
    json_object,
    media_type,
    multipart_pairs,
    pairs,
)
from .response import AT_ONCE, Ending, Response, ResponseTiming
from .serialization_cache import SerializationCache, compact, spliced
from .webhooks import Retries, Schedule, abandon_webhooks, end_attempt, failure_of, open_webhook, sign, subject

SDK_VERSION = "1.0"

__all__ = [
    "AT_ONCE",
    "DAY",
    "EARLIEST",
    "FLAGS",
    "LATEST",
    "MOST_FIELDS",
    "NO_TRACE",
    "SDK_VERSION",
    "SECOND",
    "Account",
    "Attachment",
    "Attempt",
    "Behaviour",
    "Call",
    "Case",
    "Collection",
    "Contact",
    "Credential",
    "Cursor",
    "CursorPage",
    "Decision",
    "DecisionTrace",
    "DeliveryOpened",
    "Direction",
    "Ending",
    "Entries",
    "EntryDeleted",
    "EntryStored",
    "ErrorBuilder",
    "Event",
    "ExceededLimit",
    "Exchange",
    "ForwardingRule",
    "IdReservation",
    "InboundScheduled",
    "IndexKey",
    "Instant",
    "Kind",
    "Limit",
    "LimitStatus",
    "LimitUsage",
    "Login",
    "Magic",
    "Malformed",
    "MalformedCredentials",
    "Message",
    "MessageChanged",
    "MessageDeleted",
    "MessagePage",
    "MessageScheduled",
    "MessageSelection",
    "MessageSlice",
    "MessageStore",
    "MessageStored",
    "MessagesRead",
    "Number",
    "Operation",
    "Outcome",
    "OutgoingRequest",
    "Page",
    "Pages",
    "Parameter",
    "Probe",
    "Program",
    "Provider",
    "ProviderError",
    "ProviderRequest",
    "Quirk",
    "Response",
    "ResponseTiming",
    "Retries",
    "Route",
    "Schedule",
    "Schema",
    "SerializationCache",
    "Source",
    "State",
    "TooManyFields",
    "UsageAfterUse",
    "WebhookDelivery",
    "abandon_webhooks",
    "account_key",
    "accounts_named",
    "assumed",
    "attribute_key",
    "check_fields",
    "choice",
    "compact",
    "cursor",
    "datetime_of",
    "day",
    "day_begins",
    "day_ends",
    "decide_by",
    "documented",
    "duration",
    "end_attempt",
    "failure_of",
    "field_key",
    "find_emptying_filters",
    "find_message",
    "flag",
    "freeze",
    "instant_of",
    "integer",
    "is_utf8",
    "iso",
    "json_object",
    "kind_key",
    "limit_usage",
    "list_of",
    "matching",
    "media_type",
    "message_schema",
    "multipart_pairs",
    "newest_first",
    "number_key",
    "open_webhook",
    "pairs",
    "parse_instant",
    "parse_parameters",
    "program_key",
    "read_bytes",
    "select_after_cursor",
    "select_page",
    "show_value",
    "sign",
    "spliced",
    "subject",
    "text",
    "unknown_name",
    "window",
    "zone_of",
]
