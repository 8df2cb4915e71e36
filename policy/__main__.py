"""The policy pack, as Pulumi's CLI starts it: `pulumi preview --policy-pack policy`."""

from rules.pack import serve

serve()
