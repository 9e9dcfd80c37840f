"""What each panel shows, when to worry, and the alert that then comes: its description, by its title."""

MEANINGS = {
    # numbers on top
    "Kill switch": "Whether everything is stopped. Anything but ACTIVE was set by a person or a breaker: MemeSnipeHalted, MemeSnipeFrozen.",
    "Equity ($mode)": "Capital, and what was won or lost with it, open positions at today's prices.",
    "Drawdown ($mode)": (
        "How far equity is below its highest point. At drawdownBpsMax of the RiskPolicy new risk stops: MemeSnipeDrawdownTripped."
    ),
    "Open positions ($mode)": "Tokens that are held now, of all strategies.",
    "Without a stop": "Positions that nothing would sell if the price fell. Anything but 0 wants you now: MemeSnipePositionWithoutStop.",
    "Not ready": "Services that run and take no work; the panel “Takes work” names them. More than 0 for minutes: MemeSnipeNotReady.",
    # money
    "Equity": "Capital, and what was won or lost with it. Paper that rises while live falls: look at “Live less paper”.",
    "Realized and unrealized, by strategy": (
        "Results of closed trades, and what open ones would bring now. Unrealized that only falls: an exit does not sell."
    ),
    "Drawdown": "Fall from the highest point, in hundredths of a percent. It stops new risk at drawdownBpsMax: MemeSnipeDrawdownTripped.",
    "Where the money went": (
        "Net result in its parts: edge, slippage, fees, tips. A strategy whose costs outgrow its edge wants less size or fewer trades."
    ),
    "Edge by age": "Result by how old the event was when it was acted on. An edge that is gone in a second is only for who is that fast.",
    "Sharpe, Sortino, Calmar": "Return for its risk, by closed trades. Few trades make it jump; below 0 the strategy loses money.",
    "Capital by strategy": (
        "What the allocator lets each strategy use. It moves after results; 0 is a strategy that is stopped or was demoted."
    ),
    "Weight by strategy": (
        "Share of the whole, in hundredths of a percent. A jump without a promotion or a loss has its reason in the allocator's log."
    ),
    "Free capital by strategy": "What a strategy may still spend. At 0 it sees chances and takes none: positions or orders hold all of it.",
    "Faults of strategies": "Errors that a strategy raised; each time it did nothing instead. Steady ones: MemeSnipeStrategyFailing.",
    "Promotion stage": "Where each strategy is between paper and its whole share. demoted or cool_down: MemeSnipeDemoted.",
    "Go-live gates that fail": "What still keeps a strategy on paper. An empty panel: nothing does.",
    # orders
    "Intents": "Wishes of strategies. None for long while the market moves: the strategy is halted, paused, or has no free capital.",
    "Approved, filled": (
        "What passed the risk checks, and what came of it. Approved without fills: look at the hops and at MemeSnipeOrderStuck."
    ),
    "Refused, by reason": (
        "Who refused an order and why; each reason has a sentence in docs/reference/reasons.md. A new one is worth a look."
    ),
    "Event to handled, median by stage": (
        "Time from the event on the chain to each stage. It should be flat; a step up at one stage shows who became slow."
    ),
    "Event to handled, 99th percentile by stage": "The slow ones of the panel before. Above 2.5 s for five minutes: MemeSnipeSlow.",
    "An order's hops, each since the one before, 99th percentile": (
        "Where an order's time goes, hop by hop. The longest one is where to begin."
    ),
    "Landing of live transactions": (
        "From sending to a known outcome. A slot is 0.4 s; many seconds mean a tip that is too small, or a host that is far."
    ),
    "Live attempts by outcome": "What became of each transaction. Failed or expired ones that outgrow landed ones: tip, slippage or host.",
    "Live less paper, median, of the size": (
        "How much worse (below 0) live fills are than paper's model of the same order. Away from 0 for days: the model is wrong."
    ),
    "Share of live orders in paper's band": (
        "How many live orders ended where paper says they can. Below 0.9 of 20 or more: MemeSnipePaperGapOutOfBand."
    ),
    "Pairs, and live orders without one": (
        "Live orders that have their paper twin, and why others have none. Mostly unpaired: the panels beside this one know little."
    ),
    "Slippage, expected and realized": (
        "What an order was thought to lose to the price, and what it lost. Realized far above expected: size or delay."
    ),
    "Exits by cause": "Why positions were sold. Mostly stop losses: the entries are poor, or the stop is too near.",
    # risk and signer
    "Exposure and room": "What is held, what is in flight, and what may still be bought. No room left: buys are refused, exits go on.",
    "Room up to each breaker": "How far each breaker is from stopping buys. At 0 it trips: MemeSnipeBreakerTripped.",
    "Breakers that stop buys": "Breakers that tripped. docs/reference/risk-limits.md says how each ends: MemeSnipeBreakerTripped.",
    "Oldest exit, oldest order in flight": (
        "How long an outcome is open. Exit above 120 s: MemeSnipeExitStuck. Live order above 300 s: MemeSnipeOrderStuck."
    ),
    "Halt level by scope": (
        "0 active, 1 reduce only, 2 halted, 3 frozen, for everything (*) and by strategy: MemeSnipeHalted, MemeSnipeFrozen."
    ),
    "Positions to look at": (
        "Each should be 0: MemeSnipePositionWithoutStop, MemeSnipePriceStale, MemeSnipeOrphanPosition, MemeSnipeExitRefused."
    ),
    "Refused at the signer's door": (
        "Orders that came as far as the key and were not signed. Normal running has none: MemeSnipeSignerRefuses, MemeSnipeTampering."
    ),
    "Age of the lease last used": (
        "A live order needs a lease, which lives for seconds. One that grows old is renewed by nobody: MemeSnipeLeasesRunOut."
    ),
    "Mode leases granted": (
        "Leases as they are renewed, by strategy. A gap while a strategy is live: MemeSnipeTurnsFailing, MemeSnipeLeasesRunOut."
    ),
    # services
    "Messages read, by service": "How busy each service is. One at 0 while the others read has stopped, or waits.",
    "Errors, by service": "Messages that made no sense, and that were put aside. Should be 0: MemeSnipeDeadLetters.",
    "Event to handled, 99th percentile": "How late each service is, its slowest hundredth. Above 2.5 s: MemeSnipeSlow.",
    "Takes work": "1: the service is ready. 0: it says why at /readyz. MemeSnipeNotReady, MemeSnipeServiceDown.",
    "Memory": "Resident memory of each process. One that only rises ends at its limit and is started anew.",
    "Processor": "Cores that each process uses. One at its limit is late: MemeSnipeSlow, MemeSnipeReaderBehind.",
    "Stream lengths": "Entries in each stream of Redis. Trimming keeps them level; one that only rises has a reader that does not read.",
    "Skips of readers that fell behind": "A reader that is too slow skips old prices instead of acting on them: MemeSnipeReaderBehind.",
    "Age of events when published": (
        "How old market events are when we have them. Above 10 s: MemeSnipeMarketDataOld, and orders on them are refused."
    ),
    "Events": "Market events by kind. None for five minutes: MemeSnipeNoMarketData, and no stop can see its price.",
    "Gaps and reconnects of sources": "Connections that broke, and events that are missing for good. Often: MemeSnipeMarketGaps.",
    "Ledger": "Entries that wait, and writes that failed: MemeSnipeLedgerBacklog, MemeSnipeLedgerFailing, MemeSnipeLedgerConflict.",
    "Calls": "Calls to RPC hosts, Jupiter and others, by outcome. A fifth that fail: MemeSnipeHostFailing.",
    "Their latency, 99th percentile": (
        "How long hosts take, their slowest hundredth. It is part of each order's way: take a nearer host if it rises."
    ),
    "Checks of tokens": "Checks before a buy. Many token_unchecked: buys are refused for want of an answer, MemeSnipeTokensUnchecked.",
    # operator
    "Reconciles": "Resources brought to what was asked for. failed ones that repeat: MemeSnipeReconcilesFailing.",
    "Their duration, 99th percentile": "How long one takes. Seconds mean a slow API server, or one that limits us.",
    "Waiting, drift, failed turns": "Each should be near 0: MemeSnipeQueueLong, MemeSnipeDrift, MemeSnipeTurnsFailing.",
    "Calls to the API server": "What the operator asks of Kubernetes. 429: it is limited; 403: a right is missing.",
    "Strategies by effective mode, leaders": (
        "How many strategies are live, and how many operators lead: exactly one, else MemeSnipeNoLeader."
    ),
    "Configuration on a host": "Version that control applied, and manifests that it refused: MemeSnipeConfigRefused. Empty in a cluster.",
}
