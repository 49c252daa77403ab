"""Where worlds are kept beyond the process: SQLite and PostgreSQL, and how a state is written in them."""
