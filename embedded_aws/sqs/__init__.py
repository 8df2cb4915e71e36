"""SQS queues as event sources and traced calls see them."""
