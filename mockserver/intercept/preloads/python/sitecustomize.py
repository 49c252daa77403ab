"""Loaded by PYTHONPATH into every Python of `mockserver exec`: has aiohttp heed HTTPS_PROXY, which it does only when said.

A session that is made with a trust_env of its own keeps it, and the sitecustomize that this one hides is run as ever.
Python 2 has to be able to read this; it stops at the first thing that it does not have, and says nothing.
"""
# mypy: ignore-errors

import os
import sys
from importlib.machinery import PathFinder

HERE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - every start would pay for pathlib


class HeedingAiohttp:
    """Finds aiohttp's client as Python does, and turns the default of one parameter."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        """Called for every import that is not yet loaded."""
        if name != "aiohttp.client":
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            run = spec.loader.exec_module

            def run_and_turn(module):
                run(module)
                module.ClientSession.__init__.__kwdefaults__["trust_env"] = True

            spec.loader.exec_module = run_and_turn
        return spec


sys.meta_path.insert(0, HeedingAiohttp)

hidden = PathFinder.find_spec("sitecustomize", [folder for folder in sys.path if os.path.abspath(folder) != HERE])  # noqa: PTH100
if hidden is not None and hidden.loader is not None:
    from importlib.util import module_from_spec

    sys.modules["sitecustomize"] = module_from_spec(hidden)
    hidden.loader.exec_module(sys.modules["sitecustomize"])
