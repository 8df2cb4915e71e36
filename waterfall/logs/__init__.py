"""What functions wrote: CloudWatch Logs through boto3, and the lines that belong to an invocation."""
