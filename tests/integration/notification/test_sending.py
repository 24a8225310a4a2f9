"""Each event makes one message, whichever process dies, however often it comes, and however long the server is down."""

import datetime as dt
import signal
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from schemas import order, user
from services.foundation.database import utc_now
from services.notification import rules
from services.notification.message_command import messages_command
from services.notification.writing.translations import texts
from testbed.mesh import free_ports, wait_until
from tests.drivers.received_emails import parse_email
from tests.integration.notification.mail_server import Inbox, mail_server
from tests.integration.notification.notification_processes import NotificationProcesses
from tests.sizes import Size

at_full_size = pytest.mark.full_size("integration/notification/test_sending.py")


def publish_copies_with_deaths(processes: NotificationProcesses, count: int) -> list[str]:
    """Publish `count` events one to three times each, to processes that die between writing and acknowledging."""
    processes.run_for_ever(2, noted=count * 9 // 20, lease=5)
    envelopes = processes.envelopes(count, processes.account())
    assert processes.publish(envelopes, times=(1, 3)) > count * 1.25
    processes.wait_for(count)
    processes.finish()
    assert int(processes.servers.redis.get("deaths") or 0) >= 2
    return sorted(envelope["event_id"] for envelope in envelopes)


@pytest.mark.full_size("integration/foundation/test_events.py")
def test_each_event_is_one_file_whichever_process_dies(processes: NotificationProcesses, size: Size) -> None:
    events = publish_copies_with_deaths(processes, size.messages // 5)
    assert sorted(email.event_id for email in processes.files) == events
    assert processes.statuses() == {"sent": len(events)}


@pytest.fixture
def no_inbox_key(processes: NotificationProcesses) -> Iterator[None]:
    processes.execute("ALTER TABLE inbox DROP PRIMARY KEY")
    yield
    processes.stop_restarting()
    processes.execute("DELETE FROM inbox")
    processes.execute("ALTER TABLE inbox ADD PRIMARY KEY (consumer, event_id)")


@pytest.mark.full_size("integration/foundation/test_events.py")
def test_events_make_several_messages_without_the_inbox_key(processes: NotificationProcesses, no_inbox_key: None,
                                                            size: Size) -> None:
    """The negative control."""
    events = publish_copies_with_deaths(processes, size.messages // 5)
    assert sum(processes.statuses().values()) > len(events)


@at_full_size
def test_messages_wait_while_the_mail_server_is_down_and_are_sent_once(processes: NotificationProcesses) -> None:
    inbox, [port] = Inbox(), free_ports(1)
    room = processes.run(smtp_port=port)
    envelopes = processes.envelopes(5, processes.account())
    processes.publish(envelopes)
    wait_until(lambda: "message waits" in room.log.read_text(), 60, "a failed try")
    wait_until(lambda: processes.inbox_size() == 5, 60, "the notes")
    assert not processes.statuses().get("sent")
    with mail_server(inbox, port=port):
        processes.wait_for(5)
    assert Counter(parse_email(content).event_id for content in inbox.taken) == Counter(
        envelope["event_id"] for envelope in envelopes)
    assert "ada@mail.example" not in room.log.read_text()


@at_full_size
def test_a_message_sent_again_after_a_death_has_the_same_id(processes: NotificationProcesses) -> None:
    inbox = Inbox()
    with mail_server(inbox) as port:
        dying = processes.run(smtp_port=port, dies_before_mark=True, lease=1)
        [envelope] = processes.envelopes(1, processes.account())
        processes.publish([envelope])
        assert dying.exit_code(60) == -signal.SIGKILL
        processes.run(smtp_port=port)
        processes.wait_for(1)
    assert [parse_email(content).event_id for content in inbox.taken] == [envelope["event_id"]] * 2


@at_full_size
def test_a_process_asked_to_stop_finishes_the_messages_in_hand_only(processes: NotificationProcesses) -> None:
    """A process that went on would be killed by the supervisor, with messages sent and not marked."""
    inbox, [port] = Inbox(), free_ports(1)
    early = processes.run(smtp_port=port)
    envelopes = processes.envelopes(20, processes.account())
    processes.publish(envelopes)
    wait_until(lambda: processes.inbox_size() == 20, 60, "the notes")
    early.stop()
    inbox.is_slow = True
    with mail_server(inbox, port=port):
        room = processes.run(smtp_port=port)
        wait_until(lambda: inbox.in_hand, 60, "a hand to be full")
        room.signal(signal.SIGTERM)
        inbox.is_slow = False
        assert room.exit_code(60) == 0
        assert len(inbox.taken) < 10
        processes.run(smtp_port=port)
        processes.wait_for(20)
    assert Counter(parse_email(content).event_id for content in inbox.taken) == Counter(
        envelope["event_id"] for envelope in envelopes)


def test_a_failed_message_is_listed_and_can_be_retried(processes: NotificationProcesses) -> None:
    [port] = free_ports(1)
    room = processes.run(smtp_port=port, tries=2)
    processes.publish(processes.envelopes(1, processes.account()))
    wait_until(lambda: processes.statuses() == {"failed": 1}, 60, "the last try")
    assert "operations messages" in room.log.read_text()
    listed = processes.servers.operate("messages").stdout
    assert "failed      paid" in listed
    assert "2 tries: ConnectionRefusedError" in listed
    assert "0 wait, 1 were given up" in listed
    inbox = Inbox()
    with mail_server(inbox, port=port):
        assert "1 message is sent again" in CliRunner().invoke(messages_command, ["--retry"]).stdout
        processes.wait_for(1)
    assert len(inbox.taken) == 1


def test_an_error_longer_than_its_column_is_cut(processes: NotificationProcesses) -> None:
    processes.folder = processes.folder / ("far" * 70)
    processes.folder.mkdir()
    (processes.folder / "messages").touch()  # no folder can be made there
    processes.run(tries=2)
    processes.publish(processes.envelopes(1, processes.account()))
    wait_until(lambda: processes.statuses() == {"failed": 1}, 60, "the last try")


def test_an_unknown_recipient_is_not_tried_again(processes: NotificationProcesses) -> None:
    inbox = Inbox()
    inbox.refuse_recipient = "550 5.1.1 no such mailbox"
    with mail_server(inbox) as port:
        processes.run(smtp_port=port)
        processes.publish(processes.envelopes(1, processes.account()))
        wait_until(lambda: processes.statuses() == {"failed": 1}, 60, "the refusal")
    [row] = processes.servers.rows("notification", "SELECT tries, error FROM message")
    assert tuple(row) == (1, "the mail server answered 550 5.1.1")


def test_a_buyer_without_address_or_account_gets_no_mail(processes: NotificationProcesses) -> None:
    inbox = Inbox()
    with mail_server(inbox) as port:
        processes.run(smtp_port=port)
        processes.publish([*processes.envelopes(1, processes.account(email=None)), *processes.envelopes(1, "nobody")])
        wait_until(lambda: processes.statuses() == {"no_address": 2}, 60, "the notes")
    assert inbox.taken == []


def confirm_address(processes: NotificationProcesses, buyer: str) -> None:
    """As if the owner of the address had opened the link."""
    processes.execute("UPDATE marquee_user.user SET email_confirmed_at = UTC_TIMESTAMP()")
    processes.publish([{**processes.envelopes(1, buyer)[0], "type": user.EMAIL_CONFIRMED.type, "version": 1,
                    "body": {"user_id": buyer}}])


def test_a_message_waits_until_its_address_is_confirmed(processes: NotificationProcesses) -> None:
    inbox, buyer = Inbox(), processes.account(confirmed=False)
    with mail_server(inbox) as port:
        processes.run(smtp_port=port)
        processes.publish(processes.envelopes(2, buyer))
        wait_until(lambda: processes.statuses() == {"unconfirmed": 2}, 60, "the checks")
        assert "2 wait for an address to be confirmed" in CliRunner().invoke(messages_command).stdout
        assert inbox.taken == []
        confirm_address(processes, buyer)
        processes.wait_for(2)
    assert inbox.recipients == ["ada@mail.example"] * 2


def test_an_address_is_checked_again_if_its_confirmation_was_missed(processes: NotificationProcesses) -> None:
    inbox, buyer = Inbox(), processes.account(confirmed=False)
    with mail_server(inbox) as port:
        processes.run(smtp_port=port)
        processes.publish(processes.envelopes(1, buyer))
        wait_until(lambda: processes.statuses() == {"unconfirmed": 1}, 60, "the check")
        # No event says that the address is confirmed.
        processes.execute("UPDATE marquee_user.user SET email_confirmed_at = UTC_TIMESTAMP()")
        processes.execute("UPDATE message SET due_at = UTC_TIMESTAMP() WHERE status = 'unconfirmed'")
        processes.wait_for(1)


def test_a_message_does_not_wait_for_ever_for_a_confirmation(processes: NotificationProcesses) -> None:
    inbox, long_ago = Inbox(), (utc_now() - dt.timedelta(days=3)).isoformat()
    with mail_server(inbox) as port:
        processes.run(smtp_port=port)
        [envelope] = processes.envelopes(1, processes.account(confirmed=False))
        processes.publish([{**envelope, "occurred_at": long_ago}])
        wait_until(lambda: processes.statuses() == {"no_address": 1}, 60, "the end")
    assert inbox.taken == []


def test_a_file_needs_no_address(processes: NotificationProcesses) -> None:
    processes.run()
    envelopes = [*processes.envelopes(1, processes.account(email=None)), *processes.envelopes(1, "nobody")]
    processes.publish(envelopes, times=(3, 3))
    processes.wait_for(2)
    assert {email.event_id for email in processes.files} == {envelope["event_id"] for envelope in envelopes}
    assert [email.to for email in processes.files] == ["undisclosed-recipients:;"] * 2


@at_full_size
def test_messages_wait_for_the_user_room(processes: NotificationProcesses, user_room: object) -> None:
    room = processes.run()
    user_room.pause()  # type: ignore[attr-defined]
    try:
        processes.publish(processes.envelopes(1, processes.account()))
        wait_until(lambda: "message waits" in room.log.read_text(), 60, "a failed try")
    finally:
        user_room.go_on()  # type: ignore[attr-defined]
    processes.wait_for(1)
    assert len(processes.files) == 1


def test_each_kind_of_event_makes_one_file_with_its_own_text(processes: NotificationProcesses) -> None:
    processes.run()
    back = {"refund": {"amount": 1250, "seats": ["F7"]}, "returned_seats": ["F7"], "refunded": 1250}
    gone = {"reason": "screening_cancelled"}
    cases = [(order.PAID, {}), (order.PAID, {"revived": True}), (order.PART_REFUNDED, back), (order.REFUNDED, back),
             (order.CANCELLED, {}), (order.CANCELLED, gone), (order.REFUNDING, {**gone, **back}),
             (order.PAID_LATE, {"refund": {"amount": 2500, "seats": []}})]
    buyer, told = processes.account(), {}
    for event, changes in cases:
        [envelope] = processes.envelopes(1, buyer, event, **changes)
        processes.publish([envelope], times=(3, 3))
        told[envelope["event_id"]] = rules.kind_of(event.type, envelope["body"])
    processes.wait_for(len(cases))
    assert {email.event_id for email in processes.files} == set(told)
    assert len(processes.files) == len(cases)
    for email in processes.files:
        sentence = texts("en")[f"{told[email.event_id]}.subject"]
        assert email.subject == sentence.format(film="Metropolis", moment="Saturday, 21 November 2026, 20:15")
        assert "€" in email.text


def test_events_that_call_for_no_message_leave_no_trace(processes: NotificationProcesses) -> None:
    processes.run()
    processes.publish([*processes.envelopes(3, "b1", order.REFUNDING), *processes.envelopes(1, processes.account())])
    processes.wait_for(1)
    assert processes.statuses() == {"sent": 1}
    assert processes.inbox_size() == 1


def test_a_room_without_a_channel_does_not_start(processes: NotificationProcesses) -> None:
    own = dict.fromkeys(("MARQUEE_AMQP_PASSWORD", "MARQUEE_REDIS_PASSWORD", "MARQUEE_DB_PASSWORD"), "no placeholder")
    room = processes.run_room("services.notification.service", MARQUEE_ENVIRONMENT="production", MARQUEE_SMTP_HOST="",
                          MARQUEE_POST="", MARQUEE_ALLOW_TEST_MONEY="yes", MARQUEE_IDENTITY_KEY="k" * 32, **own)
    assert room.exit_code(60) != 0
    assert "set MARQUEE_SMTP_HOST, or MARQUEE_POST=folder" in room.log.read_text()


def test_an_account_gets_only_so_many_mails_an_hour_and_the_rest_later(processes: NotificationProcesses) -> None:
    """A few more at most, since a process sends some at the same time."""
    processes.run(mails_an_hour=3)
    ada, grace = processes.account(), processes.account("grace@mail.example")
    processes.publish(processes.envelopes(9, ada) + processes.envelopes(1, grace))

    def held_back() -> list[Any]:
        rows = processes.servers.rows("notification", "SELECT buyer_id, due_at, tries, error FROM message "
                                                      "WHERE status = 'waiting'")
        is_over = processes.inbox_size() == 10 and all(row.error for row in rows)
        return rows if is_over else []

    waiting = wait_until(held_back, 60, "messages that wait for the next hour")
    assert 9 - 3 - 3 <= len(waiting) <= 9 - 3
    assert {(row.buyer_id, row.tries, row.error) for row in waiting} == {(ada, 0, "too many mails in an hour")}
    hour = dt.timedelta(hours=1)
    assert all(hour * 0.9 < row.due_at.replace(tzinfo=dt.UTC) - utc_now() <= hour for row in waiting)
