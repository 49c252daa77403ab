"""Receivers of webhooks, judged: sent what a provider sends in life, and told what the provider would do with the response."""
