"""URL dialects: front ends onto one Plan."""
