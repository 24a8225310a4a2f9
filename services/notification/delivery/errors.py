"""Why a message was not taken."""


class PostDown(Exception):
    """Nothing can be sent at the moment; it may be tried again."""


class Undeliverable(Exception):
    """This message will not be taken, however often it is tried."""


class Unconfirmed(Exception):
    """The buyer's address waits for its owner to confirm it, and the message with it."""
