"""OpenTelemetry span -> X-Ray segment document, by the rules of the OpenTelemetry collector's exporter."""
