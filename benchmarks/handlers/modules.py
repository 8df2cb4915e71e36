"""As `plain`, after importing the modules that `MODULES` names: what these cost without being used."""

import importlib
import os

for name in os.environ["MODULES"].split():
    importlib.import_module(name)

plain = importlib.import_module("plain")
handler = plain.handler
