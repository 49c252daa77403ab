"""The three rate limits of 001, on sends."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from mockserver.engine.events import UseCounted
from mockserver.engine.instants import SECOND, Instant, iso
from mockserver.engine.limits import Limit, LimitStatus, free_at, standing
from mockserver.engine.state import State

from .errors import Failed, TooManyPerAccount, TooManyPerMinute, TooManyPerNumber

# 001: "The SMS API enforces the following rate-limits"
PER_MINUTE = Limit(40, 60, "40 sms per number per 60 seconds")
PER_ACCOUNT = Limit(4, 1, "4 sms per DialogTech account per second")
PER_NUMBER = Limit(1, 1, "1 sms per number per second")


class Toll(Struct, frozen=True, gc=False):
    """The uses that a send meets at the limits."""

    number: str
    account: str
    by_number: tuple[Instant, ...]
    by_account: tuple[Instant, ...]
    now: Instant

    @property
    def standings(self) -> tuple[LimitStatus, LimitStatus, LimitStatus]:
        """The three limits as they stand now."""
        return (
            standing(PER_MINUTE, self.by_number, self.now),
            standing(PER_ACCOUNT, self.by_account, self.now),
            standing(PER_NUMBER, self.by_number, self.now),
        )

    def refusal(self) -> Failed | None:
        """The refusal of the limit that is free again last; ``None`` when all three are free."""
        now = self.now
        per_minute = free_at(PER_MINUTE, self.by_number, now)
        per_account = free_at(PER_ACCOUNT, self.by_account, now)
        per_number = free_at(PER_NUMBER, self.by_number, now)
        if per_minute == per_account == per_number == now:
            return None
        free = per_minute, per_account, per_number
        last = max(free)
        return _until(_REFUSED[free.index(last)], last, now)

    @property
    def events(self) -> tuple[UseCounted, UseCounted]:
        """That this send counts."""
        return (
            UseCounted(self.number, self.now, PER_MINUTE.most),
            UseCounted(self.account, self.now, PER_ACCOUNT.most),
        )

    def counted(self) -> Toll:
        """The uses with this send among them."""
        now = self.now
        return Toll(self.number, self.account, (*self.by_number, now), (*self.by_account, now), now)


class Paid(Struct, frozen=True, gc=False):
    """Where the limits stand once this send is counted; reckoned when somebody asks."""

    toll: Toll

    @property
    def standings(self) -> tuple[LimitStatus, LimitStatus, LimitStatus]:
        """The three limits, with this send among the uses."""
        return self.toll.counted().standings


REFUSED: Mapping[type[Failed], Limit] = {
    TooManyPerMinute: PER_MINUTE,
    TooManyPerAccount: PER_ACCOUNT,
    TooManyPerNumber: PER_NUMBER,
}
"""Who says no for each limit."""
_REFUSED = tuple(REFUSED)


def toll(state: State, account: str, number: str, now: Instant) -> Toll:
    """What a send by an account meets, on the number that counts (DT-23)."""
    of_number = f"{account} {number}"
    return Toll(of_number, account, state.uses.get(of_number, ()), state.uses.get(account, ()), now)


def just_filled(refused: type[Failed], now: Instant) -> Failed:
    """The refusal of a limit whose window has been filled at this very instant."""
    return _until(refused, now + REFUSED[refused].seconds * SECOND, now)


def _until(refused: type[Failed], free_at: Instant, now: Instant) -> Failed:
    return refused(seconds=f"{(free_at - now) / SECOND:.3f}", free_at=iso(free_at))
