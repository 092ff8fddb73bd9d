"""Cores, memory, bandwidth and storage for a traffic, from what was measured of one node."""
