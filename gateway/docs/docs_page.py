"""/docs: the OpenAPI document as a page to read, without scripts and without resources from elsewhere."""

import re
from html import escape
from typing import Any

from gateway.docs import other_addresses
from gateway.docs.examples import curl
from gateway.docs.openapi import refusals_of
from gateway.replies import status_of
from gateway.routes.methods import PUBLIC
from schemas import catalogue
from schemas.base import Method
from schemas.roles import ROLES

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><link rel="stylesheet" href="/docs.css"></head><body>{body}</body></html>
"""
TEST = '<p class="test" role="note">Test: no real money is taken here.</p>'
ACCESS = {"public": "anyone", "guest": "guests and everyone signed in", "buyer": "everyone signed in",
          "staff": "staff"} | {role: f"{role}s" for role in ROLES}


def prose(text: str) -> str:
    """A text of the contract as HTML: what stands in backticks is code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def render(document: dict[str, Any], test: bool = False) -> str:
    """The page for this OpenAPI document; `test`: it says that this is a demonstration."""
    rooms = sorted({method.room for method in PUBLIC.values()})
    contents = "".join(f'<a href="#{room}">{room}</a>' for room in rooms)
    body = (f"{TEST if test else ''}<header><h1>Marquee</h1><p>{prose(document['info']['description'])}</p>"
            f'<p>Reads answer GET with a query string and POST with JSON; writes POST only. Send the token as '
            f"<code>Authorization: Bearer …</code>. The same as <a href=\"/openapi.json\">OpenAPI 3.1</a>.</p>"
            f'<nav>{contents}<a href="#other">other addresses</a>'
            f'<a href="#refusals">refusals</a></nav></header><main>')
    for room in rooms:
        methods = sorted((m for m in PUBLIC.values() if m.room == room), key=lambda m: (not m.reads, m.name))
        body += f'<h2 id="{room}">{room}</h2>' + "".join(_method(method, document) for method in methods)
    return PAGE.format(title="Marquee API", body=body + _other(document) + _refusals() + "</main>")


def _method(method: Method, document: dict[str, Any]) -> str:
    verbs = "GET POST" if method.reads else "POST"
    operation = document["paths"][method.path]["post"]
    request = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    reply = operation["responses"]["200"]["content"]["application/json"]["schema"]
    codes = ", ".join(f'<a href="#{refusal.code}">{refusal.code}</a>' for refusal in refusals_of(method))
    keyed = " · takes an Idempotency-Key" if method.keyed else ""
    return (f'<section id="{method.room}.{method.name}"><h3><span class="verb">{verbs}</span> {method.path}</h3>'
            f"<p>{prose(method.summary)} <small>For {ACCESS[method.access]}{keyed}.</small></p>"
            f"<pre>{escape(curl(method))}</pre>" + _fields("Request", request, document)
            + _fields("Reply", reply, document) + f"<h4>Refusals</h4><p>{codes}</p></section>")


def _resolve(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = document["components"]["schemas"][name] if name else schema
    return found


def _fields(title: str, schema: dict[str, Any] | None, document: dict[str, Any]) -> str:
    properties = _resolve(schema, document).get("properties", {}) if schema else {}
    if not properties:
        return ""
    required = _resolve(schema or {}, document).get("required", [])
    return f"<h4>{title}</h4><ul>" + _list(properties, required, document, title == "Request") + "</ul>"


def _list(properties: dict[str, Any], required: list[str], document: dict[str, Any], of_request: bool) -> str:
    items = ""
    for name, schema in properties.items():
        inner = _resolve(schema.get("items", schema), document)
        optional = " <small>optional</small>" if of_request and name not in required else ""
        about = f" <small>{prose(schema['description'])}</small>" if "description" in schema else ""
        below = inner.get("properties")
        nested = f"<ul>{_list(below, inner.get('required', []), document, of_request)}</ul>" if below else ""
        items += f"<li><code>{name}</code> {_type(schema, inner)}{optional}{about}{nested}</li>"
    return items


def _type(schema: dict[str, Any], inner: dict[str, Any]) -> str:
    kind = inner.get("type", "object")
    kinds = [k for k in (kind if isinstance(kind, list) else [kind]) if k != "null"]
    text = inner.get("format") or "/".join(kinds)
    text = f"list of {text}" if "items" in schema else text
    choices = f": {', '.join(map(str, inner['enum']))}" if "enum" in inner else ""
    return f'<span class="type">{escape(text + choices)}</span>'


def _other(document: dict[str, Any]) -> str:
    items = "".join(
        f'<li><span class="verb">{verb.upper()}</span> <code>{path}</code> {prose(operation["summary"])} '
        f'<small>{prose(operation.get("description", ""))}</small></li>'
        for path in other_addresses.paths() for verb, operation in document["paths"][path].items())
    return f'<h2 id="other">Other addresses</h2><ul>{items}</ul>'


def _refusals() -> str:
    rows = "".join(
        f'<tr id="{code}"><td><code>{code}</code></td><td>{status_of(refusal)}</td><td>{refusal.kind()}</td>'
        f"<td>{prose(refusal.meaning())}</td></tr>" for code, refusal in catalogue.refusals().items())
    return ('<h2 id="refusals">Refusals</h2><p>Problems are <code>application/problem+json</code> with a '
            "<code>code</code>, a <code>request_id</code>, and what they are about.</p>"
            f"<table><thead><tr><th>code</th><th>status</th><th>kind</th><th>meaning</th></tr></thead>"
            f"<tbody>{rows}</tbody></table>")
