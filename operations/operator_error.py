"""An error that an operator can understand and act on."""

import click


class OperatorError(click.ClickException):
    """One sentence, printed without a traceback; the command then exits with 1."""

    def show(self, file: object = None) -> None:
        click.echo(self.format_message(), err=True)
