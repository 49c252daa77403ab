"""The rooms: one provider each; they do not know one another."""
