"""The embedded AWS: runs a Pulumi program, its functions and its traces on loopback."""
