"""The means that redirect unchanged clients to the server: CA, listeners, proxy, environment of a child, in-process adapters."""
