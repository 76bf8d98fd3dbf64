"""Exceptions of the library: one root, one kind per cause.

Every message says what failed, where, what was found, what was expected and
what to do, so that a maintainer can act without reading a traceback.
"""


class WqaError(Exception):
    """Root of all errors raised on purpose; `got` is the offending value, shown in quotes."""

    def __init__(
        self, what: str, *, where: str = "", got: object = None, expected: str = "", fix: str = ""
    ) -> None:
        self.what, self.where, self.got, self.expected, self.fix = what, where, got, expected, fix
        message = f"{where}: {what}" if where else what
        message += f"; got {got!r}" if got is not None else ""
        message += f"; expected {expected}" if expected else ""
        super().__init__(f"{message}. {fix}" if fix else message)


class CatalogError(WqaError):
    """A catalogue file (indicator, plan, target, chapter, wording) is wrong."""


class DataError(WqaError):
    """Observations are missing, ill-typed or asked for in a way that makes no sense."""


class ForecastError(WqaError):
    """A forecast was asked for with input that has no answer."""


class BuildError(WqaError):
    """A notebook or document could not be built."""
