"""A long run of mixed traffic against a real server, and what it costs the server: memory, descriptors, threads, time."""
