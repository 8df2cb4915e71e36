"""CloudWatch: the metrics of API Gateway and Lambda, and alarms that follow them; the rest is moto's."""
