"""Step Functions: executions that moto runs, traced."""
