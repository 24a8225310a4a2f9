"""The control: stock Nameko as its documentation shows it, serving HTTP and calling a service by RPC."""

from nameko.rpc import ServiceRpc, rpc
from nameko.web.handlers import http


class Echo:
    name = "stock_echo"

    @rpc
    def echo(self, text: str) -> str:
        return text


class StockGateway:
    name = "stock_gateway"
    service = ServiceRpc("stock_echo")

    @http("GET", "/ping")
    def ping(self, request: object) -> str:
        return "pong"

    @http("GET", "/echo")
    def echo(self, request: object) -> str:
        return str(self.service.echo("three seats, please"))
