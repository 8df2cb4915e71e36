"""API Gateway's HTTP APIs, and function URLs, which are HTTP APIs of one function."""
