"""How usernames are compared: without regard to case and width (RFC 8265, UsernameCaseMapped)."""

from precis_i18n import get_profile

_PROFILE = get_profile("UsernameCaseMapped")


def username_key(username: str) -> str:
    """The same key for every spelling of one username; for text that can't be a username, its lower case."""
    try:
        return str(_PROFILE.enforce(username))
    except UnicodeEncodeError:
        return username.casefold()
