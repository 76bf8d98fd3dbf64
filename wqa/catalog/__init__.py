"""Targets and the catalogue: what a plan promises, read and checked."""
