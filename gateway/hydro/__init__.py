"""Numerics on observations: rated discharge."""
