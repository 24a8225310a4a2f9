"""Where a password comes from: an address, a device that has signed in before, or a session."""

from dataclasses import dataclass

from services.foundation.rpc.calls import Principal


@dataclass(frozen=True)
class Source:
    """`name`: what attempts are counted under. `is_known`: it has proved itself before, so it goes first."""

    name: str
    is_known: bool = False


ANYWHERE = Source("anywhere")


def address_of(principal: Principal) -> Source:
    """The network address of somebody who has not signed in; all share one whose address is not known."""
    return Source(f"address {principal.address}") if principal.address else ANYWHERE


def session_of(principal: Principal) -> Source:
    """The session of a member who types the password once more."""
    return Source(f"session {principal.user_id}", is_known=True)


def device(device_id: str) -> Source:
    """A device that has signed in to this account before."""
    return Source(f"device {device_id}", is_known=True)
