"""What readers see: facts, sentences, tables, figures."""
