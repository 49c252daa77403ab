"""How an unchanged client reaches us: CA, listeners, proxy, environment of a child, in-process adapters."""
