"""What a stack of traced serverless resources must have: rules, and the pack that Pulumi runs them in.

Rules are functions of what Pulumi registers, without Pulumi; `pack` alone needs its package.
"""
