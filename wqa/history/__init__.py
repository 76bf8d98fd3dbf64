"""Editions as they were made, their differences and grades."""
