"""Routing: what is allowed (rules), the best plan (planner), and why (trace)."""
