"""What a room needs to send e-mails, made once at start."""

from dataclasses import dataclass
from typing import Any

from nameko import config
from nameko.extensions import DependencyProvider

from services.notification.delivery.channel import Channel, choose_channel
from services.notification.settings import load
from services.notification.writing.email_template import EmailContext


@dataclass(frozen=True)
class EmailDelivery:
    """The channel, and what all e-mails have in common."""

    channel: Channel
    context: EmailContext


class EmailDeliveryProvider(DependencyProvider):
    """Injects the EmailDelivery that config.yml asks for. A room with a mistake there does not start."""

    def setup(self) -> None:
        """Read the settings when the room starts. Raises SettingsError."""
        settings = load(config)
        self._delivery = EmailDelivery(choose_channel(config, settings), EmailContext.of(config, settings.sender))

    def get_dependency(self, worker_ctx: Any) -> EmailDelivery:
        """One object serves all workers."""
        return self._delivery
