"""The machine below: processes, ports, the data directory, databases, the HTTP server."""
