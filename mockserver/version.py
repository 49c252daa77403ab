"""The version of the package: that of the tag it was built from."""

try:
    from .built_version import __version__
except ImportError:  # a checkout that was never installed
    __version__ = "0+unknown"

__all__ = ["__version__"]
