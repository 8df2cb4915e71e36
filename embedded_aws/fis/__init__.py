"""AWS Fault Injection Service on one machine: templates, experiments, and what they do to runs and calls."""
