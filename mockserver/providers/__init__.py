"""The providers: one provider each; they do not know one another."""
