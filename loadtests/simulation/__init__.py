"""A fleet that costs nothing: which tier would answer, for a traffic and so many nodes."""
