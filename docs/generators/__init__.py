"""The generators of the documentation: each module makes the pages of one subject from the code."""
