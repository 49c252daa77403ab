"""Loaded by PYTHONPATH into every Python program of `mockserver exec`. Makes aiohttp use HTTPS_PROXY by default.

A session that is created with trust_env keeps its own value. A sitecustomize module that this one hides still runs.
Python 2 must be able to parse this file; it stops silently at the first import that it does not have.
"""
# mypy: ignore-errors

import os
import sys
from importlib.machinery import PathFinder

FOLDER = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - importing pathlib would slow every start


class AiohttpFinder:
    """Finds aiohttp's client module as Python does, and changes the default of one parameter."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        """Find a module; Python calls this for every module that is not loaded yet."""
        if name != "aiohttp.client":
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            run = spec.loader.exec_module

            def run_and_change(module):
                run(module)
                module.ClientSession.__init__.__kwdefaults__["trust_env"] = True

            spec.loader.exec_module = run_and_change
        return spec


sys.meta_path.insert(0, AiohttpFinder)

hidden = PathFinder.find_spec("sitecustomize", [folder for folder in sys.path if os.path.abspath(folder) != FOLDER])  # noqa: PTH100 - likewise
if hidden is not None and hidden.loader is not None:
    from importlib.util import module_from_spec

    sys.modules["sitecustomize"] = module_from_spec(hidden)
    hidden.loader.exec_module(sys.modules["sitecustomize"])
