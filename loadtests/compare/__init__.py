"""Safelight beside other image servers: the same pictures, formats, sizes and quality settings."""
