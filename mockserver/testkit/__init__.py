"""What test runners need: a server for a run, a world for a test, and what to say when one fails."""
