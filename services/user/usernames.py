"""How usernames are compared: without regard to case and width, as RFC 8265 has it (UsernameCaseMapped)."""

from precis_i18n import get_profile

_PROFILE = get_profile("UsernameCaseMapped")


def fold(username: str) -> str:
    """The same for every spelling of one username. What can't be a username comes back in lower case."""
    try:
        return str(_PROFILE.enforce(username))
    except UnicodeEncodeError:
        return username.casefold()
