"""Verdicts: targets, observations and forecasts brought together."""
