"""A line to MariaDB that loses a request or an answer."""




class Line:
    """A line to MariaDB that breaks once when armed: where a word is said, or where its answer comes back."""

    def __init__(self, word: bytes, lose: str) -> None:
        self._word, self._lose = word, lose
        self.armed = False
        self._said = False
        self.broken = False

    def on_request(self, piece: bytes) -> bool:
        self._said = self._said or (self.armed and self._word in piece)
        return not self._breaks_at("request")

    def on_reply(self, piece: bytes) -> bool:
        return not self._breaks_at("reply")

    def _breaks_at(self, where: str) -> bool:
        breaks = self._said and not self.broken and self._lose == where
        self.broken = self.broken or breaks
        return breaks
