"""What `messages` tells an operator when it can't."""

from click.testing import CliRunner
from nameko import config

from services.notification.message_command import messages_command


def test_a_database_that_does_not_answer_is_named() -> None:
    with config.patch({"DB_URIS": {"notification:Base": "mysql+pymysql://nobody@127.0.0.1:1/none"}, "max_workers": 1}):
        result = CliRunner().invoke(messages_command)
    assert (result.exit_code, result.output) == (
        1, "Error: The notification room's database does not answer: room_unavailable.\n")
