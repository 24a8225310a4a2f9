"""Many buyers at once, over raw asyncio sockets: light enough to leave the machine to the mesh."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    status: int
    body: dict[str, Any]


@dataclass(frozen=True)
class Request:
    path: str
    token: str
    fields: dict[str, Any]
    key: str | None = None

    def encode(self) -> bytes:
        body = json.dumps(self.fields).encode()
        key = f"Idempotency-Key: {self.key}\r\n" if self.key else ""
        head = (f"POST {self.path} HTTP/1.1\r\nHost: marquee\r\nContent-Type: application/json\r\n{key}"
                f"Authorization: Bearer {self.token}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n")
        return head.encode() + body


async def ask(port: int, request: Request) -> Answer:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request.encode())
        await writer.drain()
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
        if b"chunked" in head.lower():
            body = b"".join(chunk for chunk in body.split(b"\r\n")[1::2])
        return Answer(status, json.loads(body))
    finally:
        writer.close()


def all_at_once(port: int, requests: list[Request], seconds: float = 90) -> list[Answer]:
    """Every request on a connection of its own, all under way together; the answers in the same order."""
    async def storm() -> list[Answer]:
        async with asyncio.timeout(seconds):
            return list(await asyncio.gather(*(ask(port, request) for request in requests)))

    return asyncio.run(storm())
