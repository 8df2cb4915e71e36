"""X-Ray itself: daemon, OTLP translation, store, query, sampling, and the API over them."""
