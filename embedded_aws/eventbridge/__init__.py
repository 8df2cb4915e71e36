"""EventBridge: events on buses, rules, schedules; what they deliver to targets."""
