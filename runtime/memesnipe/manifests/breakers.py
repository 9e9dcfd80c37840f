"""When risk_guardian stops buying by itself: falls of equity, losing streaks, stop-losses, losing tokens. A part of the RiskPolicy."""

from memesnipe.manifests.fields import BpsField, CountField, Model, Seconds, applied


class Breakers(Model):
    """Each one stops buys and nothing else: sells and exits always pass. How each ends: docs/reference/risk-limits.md."""

    portfolio_day_drawdown_bps_max: BpsField = applied(1_000)
    """How far the portfolio's equity may fall below the highest point of a UTC day; then nobody buys until the next day."""
    portfolio_week_drawdown_bps_max: BpsField = applied(1_500)
    """The same of a week, which begins on Monday at 00:00 UTC."""
    strategy_drawdown_bps_max: BpsField = applied(3_000)
    """How far a strategy may fall below its own highest point, of its own capital and gains; then it is Halted until a person resumes."""
    strategy_day_drawdown_bps_max: BpsField = applied(2_000)
    """The same within a UTC day; then the strategy buys nothing until the next day."""
    strategy_week_drawdown_bps_max: BpsField = applied(2_500)
    """The same within a week that begins on Monday at 00:00 UTC."""
    losses_in_a_row_max: CountField = applied(12)
    """How many trades in a row a strategy may close at a loss; one more, and it buys nothing for `lossesPauseS`."""
    losses_pause_s: Seconds = applied(3_600)
    """How long that pause is, from the last of them."""
    rate_breaches_max: CountField = applied(30)
    """How many orders of a strategy may be refused for `ordersPerMinuteMax` within `rateWindowS`; one more, and it is Halted: it loops."""
    rate_window_s: Seconds = applied(600)
    """Within how long those refusals are counted, from the first of them."""
    token_cooldown_s: Seconds = applied(60)
    """For how long a strategy does not buy a token again after it closed a trade in it. 0: it may at once."""
    strategy_stops_max: CountField = applied(5)
    """How many trades of a strategy a stop may close at a loss within `stopsWindowS`; one more, and it buys nothing for `stopsPauseS`."""
    portfolio_stops_max: CountField = applied(10)
    """The same of all strategies together; one more, and nobody buys for `stopsPauseS`."""
    stops_window_s: Seconds = applied(3_600)
    """Within how long stops are counted."""
    stops_pause_s: Seconds = applied(3_600)
    """How long that pause is, from the last of the stops."""
    closed_drawdown_bps_max: BpsField = applied(1_500)
    """How far the sum of a strategy's trades closed within `closedWindowS` may fall from its highest, in bps of the strategy's capital."""
    closed_trades_min: CountField = applied(10)
    """Fewer closed trades than this are not judged so."""
    closed_window_s: Seconds = applied(86_400)
    """Within how long closed trades are summed up."""
    closed_pause_s: Seconds = applied(14_400)
    """How long a strategy buys nothing after that."""
    token_loss_bps_max: BpsField = applied(2_000)
    """How much a strategy's trades in one token within `tokenWindowS` may lose together, in bps of what they cost."""
    token_trades_min: CountField = applied(2)
    """Fewer trades in a token than this are not judged so."""
    token_window_s: Seconds = applied(86_400)
    """Within how long the trades of a token are summed up."""
    token_pause_s: Seconds = applied(21_600)
    """For how long the strategy does not buy that token after the last of them."""
