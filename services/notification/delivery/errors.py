"""Why a message was not delivered."""


class ChannelDown(Exception):
    """The channel delivers nothing at the moment; the message may be tried again."""


class Undeliverable(Exception):
    """The channel never takes this message, however often it is tried."""


class PickUpCodeMissing(Exception):
    """The message waits a moment for the kitchen's code, which belongs into it."""


class AddressUnconfirmed(Exception):
    """The message waits until the buyer's address is confirmed."""
