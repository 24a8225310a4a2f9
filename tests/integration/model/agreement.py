"""Where the model and the rooms do not agree, the model has found something."""


class Divergence(AssertionError):
    """The model and the rooms do not agree."""


def agree(condition: object, what: str) -> None:
    """Raise Divergence unless the condition holds."""
    if not condition:
        raise Divergence(what)
