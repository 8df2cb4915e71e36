"""The embedded AWS: runs a Pulumi program, its functions and its traces on loopback."""

from importlib.util import find_spec

if find_spec("moto") is None:  # the viewer and the pytest plugin do without, and so may who installs them
    raise ModuleNotFoundError(
        "the embedded AWS is not installed here; type: pip install 'traced-api[embedded]'", name="moto"
    )
