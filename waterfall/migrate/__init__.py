"""Moves a code base from the X-Ray SDK and Powertools Tracer to the OpenTelemetry API and `tracing`."""
