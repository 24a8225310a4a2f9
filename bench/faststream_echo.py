"""The control: FastAPI before one call by FastStream's RPC, as their documentation shows them, without logs."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from faststream import FastStream
from faststream.rabbit import RabbitBroker

broker = RabbitBroker(os.environ.get("FASTSTREAM_AMQP_URI", "amqp://127.0.0.1/"), logger=None)
service = FastStream(broker, logger=None)


@broker.subscriber("faststream-echo")
async def echo(words: str) -> str:
    return words


caller = RabbitBroker(os.environ.get("FASTSTREAM_AMQP_URI", "amqp://127.0.0.1/"), logger=None)


@asynccontextmanager
async def connected(_: FastAPI) -> AsyncIterator[None]:
    async with caller:
        yield


gateway = FastAPI(lifespan=connected)


@gateway.get("/echo")
async def call() -> str:
    reply = await caller.request("three seats, please", "faststream-echo", timeout=10)
    return str(await reply.decode())
