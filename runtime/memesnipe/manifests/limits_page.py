"""docs/reference/risk-limits.md, made from the models: `python -m memesnipe.manifests.limits_page > docs/reference/risk-limits.md`."""

import sys

import msgspec

from memesnipe.kernel.reasons import ReasonCode
from memesnipe.manifests.fields import Model
from memesnipe.manifests.risk_policy import RiskPolicySpec


class Row(msgspec.Struct, frozen=True):
    """One limit of risk_guardian: its field, those that go with it, the reason it refuses with, what stops, and what ends that."""

    field: str
    reason: ReasonCode
    stops: str
    ends: str
    more: tuple[str, ...] = ()


ORDER = "the order"
BUY = "the buy"
MINE = "buys of the strategy"
ALL = "all buys"
AGAIN = "the next order is asked anew"
RESUMED = "or when a person resumes "
OWN, EVERYONE = RESUMED + "the strategy", RESUMED + "everyone"
DAY, WEEK = "00:00 UTC, ", "Monday, 00:00 UTC, "

ORDERS: tuple[Row, ...] = (
    Row("tradeSizeSolMax", ReasonCode.TRADE_SIZE, BUY, AGAIN),
    Row("strategyExposureSolMax", ReasonCode.STRATEGY_EXPOSURE, BUY, "when the strategy sold some"),
    Row("tokenExposureSolMax", ReasonCode.TOKEN_EXPOSURE, BUY, "when some of the token was sold"),
    Row("portfolioExposureSolMax", ReasonCode.PORTFOLIO_EXPOSURE, BUY, "when something was sold"),
    Row("openPositionsMax", ReasonCode.OPEN_POSITIONS, BUY, "when a position was closed"),
    Row("ordersPerMinuteMax", ReasonCode.ORDER_RATE, ORDER, "within a minute"),
    Row("slippageBpsMax", ReasonCode.SLIPPAGE_LIMIT, ORDER, AGAIN),
    Row("eventAgeMsMax", ReasonCode.STALE_EVENT, ORDER, AGAIN),
    Row("clockSkewMsMax", ReasonCode.CLOCK_SKEW, ORDER, AGAIN),
    Row("drawdownBpsMax", ReasonCode.DRAWDOWN, "everything but exits: HALTED", "when a person resumes"),
)
BREAKERS: tuple[Row, ...] = (
    Row("breakers.portfolioDayDrawdownBpsMax", ReasonCode.DAY_DRAWDOWN, ALL, DAY + EVERYONE),
    Row("breakers.portfolioWeekDrawdownBpsMax", ReasonCode.WEEK_DRAWDOWN, ALL, WEEK + EVERYONE),
    Row("breakers.portfolioStopsMax", ReasonCode.PORTFOLIO_STOP_LOSSES, ALL, "`stopsPauseS` after the last stop, " + EVERYONE,
        ("breakers.stopsWindowS", "breakers.stopsPauseS")),
    Row("breakers.strategyDrawdownBpsMax", ReasonCode.STRATEGY_DRAWDOWN, "everything of the strategy but exits: HALTED",
        "when a person resumes it"),
    Row("breakers.strategyDayDrawdownBpsMax", ReasonCode.STRATEGY_DAY_DRAWDOWN, MINE, DAY + OWN),
    Row("breakers.strategyWeekDrawdownBpsMax", ReasonCode.STRATEGY_WEEK_DRAWDOWN, MINE, WEEK + OWN),
    Row("breakers.lossesInARowMax", ReasonCode.LOSS_STREAK, MINE, "`lossesPauseS` after the last loss, " + OWN, ("breakers.lossesPauseS",)),
    Row("breakers.strategyStopsMax", ReasonCode.STOP_LOSSES, MINE, "`stopsPauseS` after the last stop, " + OWN,
        ("breakers.stopsWindowS", "breakers.stopsPauseS")),
    Row("breakers.closedDrawdownBpsMax", ReasonCode.CLOSED_DRAWDOWN, MINE, "`closedPauseS` after the last loss, " + OWN,
        ("breakers.closedTradesMin", "breakers.closedWindowS", "breakers.closedPauseS")),
    Row("breakers.tokenCooldownS", ReasonCode.TOKEN_COOLDOWN, "its buys of the token", "after that time, " + OWN),
    Row("breakers.tokenLossBpsMax", ReasonCode.TOKEN_LOSSES, "its buys of the token", "`tokenPauseS` after the last trade, " + OWN,
        ("breakers.tokenTradesMin", "breakers.tokenWindowS", "breakers.tokenPauseS")),
    Row("breakers.rateBreachesMax", ReasonCode.ORDER_LOOP, "everything of the strategy but exits: HALTED", "when a person resumes it",
        ("breakers.rateWindowS",)),
)  # fmt: skip
MARKET: tuple[Row, ...] = (
    Row("market.poolShareBpsMax", ReasonCode.POOL_SHARE, BUY, AGAIN),
    Row("market.volatilityBpsMax", ReasonCode.VOLATILITY, BUY, "when the token is calmer"),
    Row("market.venueExposureSolMax", ReasonCode.VENUE_EXPOSURE, BUY, "when some of that venue was sold"),
    Row("market.groupExposureSolMax", ReasonCode.GROUP_EXPOSURE, BUY, "when some of that group was sold",
        ("market.tokenGroups", "market.correlationBpsMin")),
    Row("market.expectedShortfallBpsMax", ReasonCode.EXPECTED_SHORTFALL, BUY, "when something was sold, or moves less"),
    Row("market.feedAgeSMax", ReasonCode.STALE_FEED, ALL, "when prices flow again"),
    Row("market.tokenPriceAgeSMax", ReasonCode.STALE_FEED, BUY, "when the token has a newer price"),
    Row("market.skewedEventsMax", ReasonCode.CLOCK_BREAKER, ALL, "after a minute without an event from the future"),
    Row("market.duplicateWindowMs", ReasonCode.REPEATED_BUY, BUY, "after that time"),
)  # fmt: skip

HEAD = """# Risk limits

What risk_guardian holds each order against, where the number stands (`spec` of the RiskPolicy), and what ends a refusal. **An exit or a
person's close is never refused by any of them**; a strategy's own sale only where it says "order" or HALTED. Made from the models by
`python -m memesnipe.manifests.limits_page`; what each field means in full: [custom resources](resources.md#riskpolicy); what to do about a
reason: [reasons](reasons.md). A limit is how much is allowed: at the limit an order passes, beyond it it does not.

"""
TABLE = "| limit (`spec.`) | default | with | refuses | what stops | how it ends |\n|---|---|---|---|---|---|\n"
ABOUT_BREAKERS = """## Breakers

A breaker counts what happened and, once tripped, stays tripped until what the table says. Every refusal says which one it is, the value
that tripped it, the limit and when it ends. They are on by default; loosening one needs `golive`.

- **Falls** are measured on equity at the last prices: from the highest of the UTC day, of the week that begins on Monday, or of all
  time; for a strategy on its own profit over the largest capital it had since that highest, so that capital which the allocator takes
  away is no loss. A new day starts from what equity was when the old one ended: a fall over midnight counts to the new day.
- **Closed trades** are those since the book of risk_guardian began, the last 64 of each strategy, with all fees, tips and rents. A stop
  is an exit that cuts a loss (not a take-profit, a time stop or a person's close) and closes its trade below what it cost. Four of them
  are freqtrade's protections: `CooldownPeriod` (`tokenCooldownS`), `StoplossGuard` (`...StopsMax`), `MaxDrawdown`
  (`closedDrawdownBpsMax`) and `LowProfitPairs` (`tokenLossBpsMax`). A losing streak is counted anew after its pause.
- **What only a person ends** is said on `kill_switch_channel` as HALTED for that strategy; everybody sees it, and it survives the loss
  of Redis ([halts](halts.md)). What ends by itself is no halt, so it can never undo one: risk_guardian alone refuses the buys.
- **`memesnipe resume [-s STRATEGY]`** ends all breakers in its scope: of one strategy, or without a name everyone's and the portfolio's.
  What was counted is counted anew; the highest starts anew only where a breaker stood. A machine's word ends none.
- **After a kill** all of it is as it was: it is stored with each commit. After Redis was lost, HALTED comes back from control, pauses
  do not; a strategy's fall from its top is then measured from its first lamport, which may halt for a loss that a person saw before.
- **Paper and live** have breakers of their own. A trip on paper halts no strategy that trades live by now.

Backtests and the compiled lane hold the same breakers, to the lamport. To see them: `memesnipe_risk_breaker_tripped`,
`memesnipe_risk_breaker_headroom` and `memesnipe_risk_breaker_trips_total`, each by mode, scope and breaker; the log line
`breaker_tripped`.

"""
ABOUT_MARKET = """## Market

Whether a token, its pool and its price are good enough to be bought now, and how much of what falls together is held. 0 is off where its
field says so.

"""


def render() -> str:
    """Return the page as Markdown."""
    parts = (HEAD, "## Each order\n\n", _table(ORDERS), ABOUT_BREAKERS, _table(BREAKERS), ABOUT_MARKET, _table(MARKET))
    return "".join(parts).rstrip("\n") + "\n"


def _table(rows: tuple[Row, ...]) -> str:
    return TABLE + "".join(map(_line, rows)) + "\n"


def _line(row: Row) -> str:
    said = ", ".join(f"`{name.partition('.')[2]}`{_value(name)}" for name in row.more)
    return f"| `{row.field}` |{_value(row.field)} | {said} | `{row.reason.value}` | {row.stops} | {row.ends} |\n"


def _value(path: str) -> str:
    """Return a default with its unit; nothing where it has none."""
    spec: Model = RiskPolicySpec()
    *groups, name = path.split(".")
    for group in groups:
        spec = getattr(spec, group)
    value = spec.model_dump(by_alias=True)[name]
    if isinstance(value, dict):
        return ""
    unit = type(spec).model_json_schema(by_alias=True)["properties"][name].get("x-unit", "")
    number = f"{value:,}" if isinstance(value, int) else f"{value}"
    return f" {number} {unit}".rstrip()


if __name__ == "__main__":
    sys.stdout.write(render())
