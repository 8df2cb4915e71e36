"""Why a request has a trace or has none: facts, and one sentence for each that decided."""
