"""SNS: what is published goes to the subscriptions that want it. moto keeps topics and subscriptions."""
