"""Streams of DynamoDB and Kinesis as event sources see them."""
