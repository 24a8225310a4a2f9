"""A service on Nameko's own web server, which has the weaknesses that the gateway repairs."""

from nameko.web.handlers import http


class Stock:
    name = "stock"

    @http("GET", "/hello")
    def hello(self, request: object) -> str:
        return "hello"

    @http("POST", "/echo")
    def echo(self, request: object) -> str:
        return str(request.get_data(as_text=True))  # type: ignore[attr-defined]

    @http("GET", "/broken")
    def broken(self, request: object) -> str:
        raise RuntimeError("can't reach the database as root with hunter2")
