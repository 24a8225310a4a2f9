"""Encrypts the secrets of authenticator apps, so that a copy of the database is not enough to make codes."""

import base64
import hashlib
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from nameko import config
from nameko.extensions import DependencyProvider

from schemas.user import SecondFactorOff
from services.foundation.settings import PLACEHOLDER, SettingsError
from services.user.settings import load


class Cipher:
    """Encrypts with the first of the keys and reads with each. Without keys, nothing can be encrypted."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._fernet = MultiFernet([_fernet(key) for key in keys]) if keys else None

    def encrypt(self, secret: str) -> str:
        """Raises SecondFactorOff."""
        if self._fernet is None:
            raise SecondFactorOff()
        return self._fernet.encrypt(secret.encode()).decode()

    def decrypt(self, encrypted: str) -> str | None:
        """None if the key that it was encrypted with is gone: recovery codes still sign in."""
        try:
            return self._fernet.decrypt(encrypted).decode() if self._fernet else None
        except InvalidToken:
            return None


def _fernet(key: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest()))


class CipherProvider(DependencyProvider):
    """Injects the process's Cipher."""

    def setup(self) -> None:
        """Read the keys when the room starts."""
        self.reload()

    def settings_read_again(self, path: str) -> bool:
        """None of its own: the room's settings say which are taken over."""
        return False

    def reload(self) -> None:
        """Read the keys again. Raises SettingsError where a second factor is required and no key is set."""
        settings, keys = load(config), load(config).second_factor_keys
        if not keys and config["environment"] == "local":
            keys = (PLACEHOLDER,)
        if not keys and settings.second_factor_required:
            raise SettingsError("MARQUEE_SECOND_FACTOR is `staff`. Set MARQUEE_SECOND_FACTOR_KEY to what "
                                "`openssl rand -base64 32` prints.")
        self._cipher = Cipher(keys)

    def get_dependency(self, worker_ctx: Any) -> Cipher:
        """One object serves all calls of the process."""
        return self._cipher
