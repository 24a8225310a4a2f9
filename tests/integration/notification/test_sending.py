"""Each event makes one message, whoever dies, however often it is told, and however long the post is away."""

import datetime as dt
import signal
from collections import Counter
from collections.abc import Iterator

import pytest

from schemas import order, user
from services.foundation.database import utc_now
from services.notification import rules
from services.notification.writing.translations import sentences
from testbed.mesh import free_ports, wait_until
from tests.integration.notification.house import House
from tests.integration.notification.letters import parse
from tests.integration.notification.mail_server import Inbox, mail_server
from tests.sizes import Size


def tell_often_with_deaths(house: House, count: int) -> list[str]:
    """So many events, each told one to three times, to rooms that die when they have noted and not acknowledged."""
    house.keep(2, noted=count * 9 // 20, lease=5)
    envelopes = house.envelopes(count, house.account())
    assert house.publish(envelopes, times=(1, 3)) > count * 1.25
    house.wait_for(count)
    house.finish()
    assert int(house.servers.redis.get("deaths") or 0) >= 2
    return sorted(envelope["event_id"] for envelope in envelopes)


def test_each_event_is_one_file_though_rooms_die(house: House, size: Size) -> None:
    events = tell_often_with_deaths(house, size.messages // 5)
    assert sorted(letter.event_id for letter in house.files) == events
    assert house.statuses() == {"sent": len(events)}


@pytest.fixture
def no_inbox_key(house: House) -> Iterator[None]:
    house.sql("ALTER TABLE inbox DROP PRIMARY KEY")
    yield
    house.let_go()
    house.sql("DELETE FROM inbox")
    house.sql("ALTER TABLE inbox ADD PRIMARY KEY (consumer, event_id)")


def test_without_the_inbox_key_the_same_events_are_told_more_than_once(house: House, no_inbox_key: None,
                                                                      size: Size) -> None:
    """The negative control."""
    events = tell_often_with_deaths(house, size.messages // 5)
    assert sum(house.statuses().values()) > len(events)


def test_while_the_mail_server_is_down_messages_wait_and_are_then_sent_once(house: House) -> None:
    inbox, [port] = Inbox(), free_ports(1)
    room = house.run(smtp_port=port)
    envelopes = house.envelopes(20, house.account())
    house.publish(envelopes)
    wait_until(lambda: "message waits" in room.log.read_text(), 30, "a try in vain")
    wait_until(lambda: house.taken() == 20, 30, "the notes")
    assert not house.statuses().get("sent")
    with mail_server(inbox, port=port):
        house.wait_for(20)
    assert Counter(parse(content).event_id for content in inbox.taken) == Counter(
        envelope["event_id"] for envelope in envelopes)
    assert "ada@mail.example" not in room.log.read_text()


def test_who_dies_after_sending_sends_again_under_the_same_id(house: House) -> None:
    inbox = Inbox()
    with mail_server(inbox) as port:
        dying = house.run(smtp_port=port, dies_before_mark=True, lease=1)
        [envelope] = house.envelopes(1, house.account())
        house.publish([envelope])
        assert dying.exit_code() == -signal.SIGKILL
        house.run(smtp_port=port)
        house.wait_for(1)
    assert [parse(content).event_id for content in inbox.taken] == [envelope["event_id"]] * 2


def test_who_is_asked_to_leave_finishes_what_is_in_hand_and_leaves_the_rest(house: House) -> None:
    """Who goes on until the supervisor's patience is over dies with messages sent and not marked."""
    inbox, [port] = Inbox(), free_ports(1)
    early = house.run(smtp_port=port)
    envelopes = house.envelopes(40, house.account())
    house.publish(envelopes)
    wait_until(lambda: house.taken() == 40, 30, "the notes")
    early.stop()
    inbox.is_slow = True
    with mail_server(inbox, port=port):
        room = house.run(smtp_port=port)
        wait_until(lambda: inbox.in_hand, 30, "a hand to be full")
        room.signal(signal.SIGTERM)
        inbox.is_slow = False
        assert room.exit_code() == 0
        assert len(inbox.taken) < 20
        house.run(smtp_port=port)
        house.wait_for(40)
    assert Counter(parse(content).event_id for content in inbox.taken) == Counter(
        envelope["event_id"] for envelope in envelopes)


def test_what_is_given_up_is_listed_and_can_be_sent_again(house: House) -> None:
    [port] = free_ports(1)
    room = house.run(smtp_port=port, tries=2)
    house.publish(house.envelopes(1, house.account()))
    wait_until(lambda: house.statuses() == {"failed": 1}, 30, "the last try")
    assert "operations messages" in room.log.read_text()
    listed = house.servers.operate("messages").stdout
    assert "failed      paid" in listed
    assert "2 tries: ConnectionRefusedError" in listed
    assert "0 wait, 1 were given up" in listed
    inbox = Inbox()
    with mail_server(inbox, port=port):
        assert "1 messages are sent again" in house.servers.operate("messages", "--retry").stdout
        house.wait_for(1)
    assert len(inbox.taken) == 1


def test_what_is_wrong_may_take_more_words_than_are_kept(house: House) -> None:
    house.folder = house.folder / ("far" * 70)
    house.folder.mkdir()
    (house.folder / "messages").touch()  # no folder can be made there
    house.run(tries=2)
    house.publish(house.envelopes(1, house.account()))
    wait_until(lambda: house.statuses() == {"failed": 1}, 30, "the last try")


def test_a_recipient_who_does_not_exist_is_not_tried_again(house: House) -> None:
    inbox = Inbox()
    inbox.refuse_recipient = "550 5.1.1 no such mailbox"
    with mail_server(inbox) as port:
        house.run(smtp_port=port)
        house.publish(house.envelopes(1, house.account()))
        wait_until(lambda: house.statuses() == {"failed": 1}, 30, "the refusal")
    [row] = house.servers.rows("notification", "SELECT tries, error FROM message")
    assert tuple(row) == (1, "the mail server answered 550 5.1.1")


def test_whoever_has_no_address_or_no_account_gets_no_mail(house: House) -> None:
    inbox = Inbox()
    with mail_server(inbox) as port:
        house.run(smtp_port=port)
        house.publish([*house.envelopes(1, house.account(email=None)), *house.envelopes(1, "nobody")])
        wait_until(lambda: house.statuses() == {"no_address": 2}, 30, "the notes")
    assert inbox.taken == []


def confirmed(house: House, buyer: str) -> None:
    """The owner of the address has opened the link."""
    house.sql("UPDATE marquee_user.user SET email_confirmed_at = UTC_TIMESTAMP()")
    house.publish([{**house.envelopes(1, buyer)[0], "type": user.EMAIL_CONFIRMED.type, "version": 1,
                    "body": {"user_id": buyer}}])


def test_what_is_for_an_address_that_is_not_confirmed_waits_until_it_is(house: House) -> None:
    inbox, buyer = Inbox(), house.account(confirmed=False)
    with mail_server(inbox) as port:
        house.run(smtp_port=port)
        house.publish(house.envelopes(2, buyer))
        wait_until(lambda: house.statuses() == {"unconfirmed": 2}, 30, "the looks")
        assert "2 wait for an address to be confirmed" in house.servers.operate("messages").stdout
        assert inbox.taken == []
        confirmed(house, buyer)
        house.wait_for(2)
    assert inbox.recipients == ["ada@mail.example"] * 2


def test_a_look_that_came_before_the_confirmation_and_was_noted_after_it_is_repeated(house: House) -> None:
    inbox, buyer = Inbox(), house.account(confirmed=False)
    with mail_server(inbox) as port:
        house.run(smtp_port=port)
        house.publish(house.envelopes(1, buyer))
        wait_until(lambda: house.statuses() == {"unconfirmed": 1}, 30, "the look")
        house.sql("UPDATE marquee_user.user SET email_confirmed_at = UTC_TIMESTAMP()")  # and no event comes any more
        house.sql("UPDATE message SET due_at = UTC_TIMESTAMP() WHERE status = 'unconfirmed'")
        house.wait_for(1)


def test_an_address_that_is_never_confirmed_is_not_waited_for_for_ever(house: House) -> None:
    inbox, long_ago = Inbox(), (utc_now() - dt.timedelta(days=3)).isoformat()
    with mail_server(inbox) as port:
        house.run(smtp_port=port)
        [envelope] = house.envelopes(1, house.account(confirmed=False))
        house.publish([{**envelope, "occurred_at": long_ago}])
        wait_until(lambda: house.statuses() == {"no_address": 1}, 30, "the end")
    assert inbox.taken == []


def test_a_file_needs_no_address(house: House) -> None:
    house.run()
    envelopes = [*house.envelopes(1, house.account(email=None)), *house.envelopes(1, "nobody")]
    house.publish(envelopes, times=(3, 3))
    house.wait_for(2)
    assert {letter.event_id for letter in house.files} == {envelope["event_id"] for envelope in envelopes}
    assert [letter.to for letter in house.files] == ["undisclosed-recipients:;"] * 2


def test_without_the_user_room_messages_wait(house: House, user_room: object) -> None:
    room = house.run()
    user_room.pause()  # type: ignore[attr-defined]
    try:
        house.publish(house.envelopes(1, house.account()))
        wait_until(lambda: "message waits" in room.log.read_text(), 30, "a try in vain")
    finally:
        user_room.go_on()  # type: ignore[attr-defined]
    house.wait_for(1)
    assert len(house.files) == 1


def test_each_kind_of_turn_makes_one_file_with_its_own_words(house: House) -> None:
    house.run()
    back = {"refund": {"amount": 1250, "seats": ["F7"]}, "returned_seats": ["F7"], "refunded": 1250}
    gone = {"reason": "screening_cancelled"}
    turns = [(order.PAID, {}), (order.PAID, {"revived": True}), (order.PART_REFUNDED, back), (order.REFUNDED, back),
             (order.CANCELLED, {}), (order.CANCELLED, gone), (order.REFUNDING, {**gone, **back}),
             (order.PAID_LATE, {"refund": {"amount": 2500, "seats": []}})]
    buyer, told = house.account(), {}
    for event, changes in turns:
        [envelope] = house.envelopes(1, buyer, event, **changes)
        house.publish([envelope], times=(3, 3))
        told[envelope["event_id"]] = rules.kind_of(event.type, envelope["body"])
    house.wait_for(len(turns))
    assert {letter.event_id for letter in house.files} == set(told)
    assert len(house.files) == len(turns)
    for letter in house.files:
        sentence = sentences("en")[f"{told[letter.event_id]}.subject"]
        assert letter.subject == sentence.format(film="Metropolis", moment="Saturday, 21 November 2026, 20:15")
        assert "€" in letter.text


def test_events_that_call_for_no_message_leave_no_trace(house: House) -> None:
    house.run()
    house.publish([*house.envelopes(3, "b1", order.REFUNDING), *house.envelopes(1, house.account())])
    house.wait_for(1)
    assert house.statuses() == {"sent": 1}
    assert house.taken() == 1


def test_a_room_that_is_not_told_how_to_send_says_so(house: House) -> None:
    own = dict.fromkeys(("MARQUEE_AMQP_PASSWORD", "MARQUEE_REDIS_PASSWORD", "MARQUEE_DB_PASSWORD"), "no placeholder")
    room = house.run_room("services.notification.service", MARQUEE_ENVIRONMENT="production", MARQUEE_SMTP_HOST="",
                          MARQUEE_POST="", MARQUEE_ALLOW_TEST_MONEY="yes", **own)
    assert room.exit_code() != 0
    assert "set MARQUEE_SMTP_HOST, or MARQUEE_POST=folder" in room.log.read_text()
