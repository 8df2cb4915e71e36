"""Reading traces: the client, the model, the tree and what is noticed in it."""
