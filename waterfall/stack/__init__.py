"""Running stacks: in processes of their own, and a first request to one."""

KEEP_SETTING = "TRACING_KEEP"
"""The variable by which a function asks the tracing library for its failures: `keepErrors` sets it."""
