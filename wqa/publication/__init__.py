"""From notebooks to HTML, PDF and Word."""
