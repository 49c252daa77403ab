"""How an unchanged client reaches us: authority, doors, tunnel, environment of a child, in-process adapters."""
