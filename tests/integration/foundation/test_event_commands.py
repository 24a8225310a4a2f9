"""The commands with which an operator lists and replays dead letters."""

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

from operations import event_commands as operating
from operations.mesh import Mesh as Operated
from services.foundation.amqp import publishing
from testbed.mesh import Mesh, wait_until
from tests.integration.foundation.news import News

at_full_size = pytest.mark.full_size("integration/foundation/test_event_commands.py")

Operate = Callable[..., Result]


@pytest.fixture
def operate(news: News, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Operate:
    """`python -m operations <verb>` in a tree that has the news room."""
    monkeypatch.setattr(operating, "subscriptions", lambda mesh: [news.subscription])

    def run(verb: str, *arguments: str) -> Result:
        return CliRunner().invoke(getattr(operating, f"{verb}_command"), arguments, obj=Operated(settings))

    return run


def give_up(news: News, *about: str) -> None:
    room = news.run(failures=99)
    news.happen(*about)
    wait_until(lambda: len(news.dead()) == len(about), 60, "the events to be given up")
    room.stop()


def test_dead_letters_can_be_listed_any_number_of_times_and_replayed(news: News, operate: Operate) -> None:
    assert operate("dead").output == "No event was given up.\n"
    assert operate("replay").output == "There was nothing to send again.\n"
    give_up(news, "a", "b")
    for _ in range(25):
        lines = operate("dead").output.splitlines()
        assert len(lines) == 2
    queue = news.subscription.queue_name
    assert all(line.startswith(f"{queue}  ") and line.endswith("ZeroDivisionError: as wished") for line in lines)
    assert "5 tries, the last at 20" in lines[0]
    assert len(operate("dead", "--most", "1").output.splitlines()) == 1

    assert operate("replay", queue).output == f"{queue}  2 sent again\n"
    news.run()
    news.wait_for("a", "b")
    assert operate("dead").output == "No event was given up.\n"


@at_full_size
def test_replaying_an_event_that_was_handled_has_no_second_effect(news: News, operate: Operate) -> None:
    room = news.run()
    news.happen("a")
    news.wait_for("a")
    news.rows("UPDATE outbox SET published_at = NULL")
    wait_until(lambda: news.published == 2, 60, "the repetition")
    news.rest(room)
    # The same event as its consumer left it when its process died over it for the last time.
    [row] = news.rows("SELECT event_id, about FROM outbox")
    body = {"event_id": row.event_id, "type": "news.happened", "version": 1, "about": "a", "sequence": 1,
            "occurred_at": "2026-11-21T12:00:00+00:00", "body": {"text": "of a"}}
    publishing.publish(body, exchange="", routing_key=news.subscription.dead_queue_name, mandatory=True,
                 delivery_mode=publishing.PERSISTENT)
    assert operate("replay").output.endswith("1 sent again\n")
    news.rest(news.run())
    assert news.effects == ["a"]


def test_an_unknown_queue_is_reported_in_one_line(news: News, operate: Operate) -> None:
    done = operate("replay", "order.paid:cinema.sweep")
    assert done.exit_code == 1
    assert done.output == ("No consumer has a queue order.paid:cinema.sweep; "
                           "`python -m operations dead` lists the queues.\n")


def test_a_queue_of_another_kind_is_reported_in_one_line(news: News, operate: Operate) -> None:
    publishing.run_on_channel(lambda channel: news.subscription.queue(channel).delete())
    publishing.run_on_channel(
        lambda channel: channel.queue_declare(news.subscription.queue_name, durable=True, auto_delete=False))
    done = operate("declare")
    assert done.exit_code == 1
    assert "refuses" in done.output
    assert len(done.output.splitlines()) == 1


@at_full_size
@pytest.mark.parametrize("verb", ["dead", "replay", "declare"])
def test_a_missing_broker_is_reported_in_one_line(servers: Mesh, verb: str) -> None:
    nowhere = Mesh(servers.folder, {**servers.environment, "MARQUEE_AMQP_PORT": "1"})
    done = nowhere.operate(verb, check=False)
    assert done.returncode == 1
    assert "RabbitMQ does not answer at 127.0.0.1:1" in done.stderr
    assert len(done.stderr.splitlines()) == 1
