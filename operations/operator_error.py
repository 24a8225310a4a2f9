"""What stops an operation, told to the operator in one sentence."""

import click


class OperatorError(click.ClickException):
    """Printed as one line without a traceback; the command then exits with 1."""

    def show(self, file: object = None) -> None:
        click.echo(self.format_message(), err=True)
