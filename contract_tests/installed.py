"""The installed providers, which most tests serve, and what all of them bring along."""

from __future__ import annotations

from mockserver.sdk.loading import installed_providers

INSTALLED = installed_providers()
PROVIDERS, HOSTS, SWITCHES = INSTALLED.providers, INSTALLED.hosts, INSTALLED.switches
VARIANTS, CALLBACKS = INSTALLED.default_variants, INSTALLED.callbacks
