"""What a provider is made of: everything that a provider package imports from mockserver."""
