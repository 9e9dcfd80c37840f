"""Made-up portfolios of strategies, and how the allocator does on them beside equal weights and beside hindsight."""
