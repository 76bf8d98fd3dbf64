"""Texts of a figure as it is drawn, for tests."""

from matplotlib.text import Text


def texts_in(figure):
    """Every text of a figure, in drawing order."""
    return [item.get_text() for item in figure.findobj(Text) if item.get_text()]
