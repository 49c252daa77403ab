"""The account's RCS bots (SW-97)."""

from __future__ import annotations

from msgspec import Struct

from mockserver.providers.serwersms.entries import RCS_BOTS
from mockserver.providers.serwersms.parameters import CREDENTIALS
from mockserver.providers.serwersms.results import Listed
from mockserver.sdk import Account, Call, Decision, IdReservation, Instant, Operation, State, assumed


class RcsBotItem(Struct, frozen=True):
    """A bot as it is listed."""

    name: str
    description: str
    rcs_id: str
    networks: tuple[int, ...]
    webhook: str
    online: int
    active: int


def index(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """List the bots, the newest first."""
    bots = state.entries.page(account.key, RCS_BOTS, newest_first=True)
    items = tuple(
        RcsBotItem(bot.name, bot.description, bot.id, bot.networks, bot.webhook, int(bot.online), 2 if bot.ready else 1)
        for bot in bots
    )
    return Decision(now, Listed(items), account=account.key)


OPERATIONS = (Operation(name="templates.rcs", source=assumed("SW-97"), decide=index, common=CREDENTIALS),)
