"""Forecasts of short annual series, their scores and backtests."""
