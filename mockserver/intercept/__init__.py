"""What leads unchanged clients to the server: certificate authority, proxy, environment variables, in-process adapters."""
