"""Why a message was not taken."""


class PostDown(Exception):
    """Nothing can be sent at the moment; it may be tried again."""


class Undeliverable(Exception):
    """This message will not be taken, however often it is tried."""
