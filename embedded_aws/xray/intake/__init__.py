"""How segments and spans come in: the daemon, OTLP, the check of documents."""
