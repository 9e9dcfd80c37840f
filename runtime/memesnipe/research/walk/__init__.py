"""One study: a strategy's parameters searched on a market, chosen on the past, judged on what came next."""
