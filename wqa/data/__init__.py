"""From raw files to tidy observations, findings and the data package."""
