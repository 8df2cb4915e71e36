"""What every AWS service here stands on: calls, input checks, errors on the wire, ids, the bridge to moto."""
