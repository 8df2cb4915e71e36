"""CloudWatch: the metrics of API Gateway, Lambda and SQS, and alarms that follow them; the rest is moto's."""
