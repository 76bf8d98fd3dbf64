"""The office's own figures: a workbook to fill in, its check, the delivery made of it."""
