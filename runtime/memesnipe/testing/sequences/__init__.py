"""Courses of events for allocator, risk_guardian and position_manager together: drawn by a seed, and held to promises at every step."""
