"""CloudWatch Logs on one machine: what functions and stages write, kept between runs, and its API."""
