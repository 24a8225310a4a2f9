"""Debian's nginx in front of a gateway, with a process and files of its own."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from testbed.mesh import free_ports, wait_until

# Requests are passed on unbuffered, so that a chunked body stays chunked, over connections that are kept alive.
SETTINGS = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream marquee {{
        server 127.0.0.1:{gateway};
        keepalive 4;
        keepalive_timeout 10s;
    }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://marquee;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_request_buffering off;
        }}
    }}
}}
"""


@dataclass
class Proxy:
    port: int
    folder: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.folder / "error.log").read_text(errors="replace")

    def is_ready(self) -> bool:
        try:
            return requests.get(self.url + "/health", timeout=5).status_code == 200
        except requests.RequestException:
            return False


@contextmanager
def proxy(gateway: int, folder: Path) -> Iterator[Proxy]:
    """A proxy in front of the gateway at this port."""
    made = Proxy(free_ports(1)[0], folder)
    (folder / "nginx.conf").write_text(SETTINGS.format(folder=folder, gateway=gateway, port=made.port))
    process = subprocess.Popen(["/usr/sbin/nginx", "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")])
    try:
        wait_until(made.is_ready, 30, "the proxy")
        yield made
    finally:
        process.terminate()
        process.wait(10)
