"""Running stacks: in processes of their own, and a first request to one."""
