"""API Gateway REST: routes, proxy events, the stage's segments."""
