"""The HTML of an e-mail: a greeting, a text, a table of facts, and a button that leads to a page."""

from html import escape
from typing import Any

# Mail programs take styles only in the markup. The colours suit light and dark.
PAGE = """\
<!doctype html>
<html lang="{language}">
<head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>{subject}</title></head>
<body style="font: 16px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 2rem auto; padding: 0 1rem">
{test}<p>{greeting}</p>
<p>{text}</p>
<table style="border-collapse: collapse; width: 100%">
{rows}
</table>
{tickets}<p style="margin: 2rem 0"><a href="{link}" style="background: #8c1d40; color: #fff; padding: .7rem 1.4rem; \
border-radius: .4rem; text-decoration: none">{link_text}</a></p>
<p style="font-size: 13px; opacity: .7">{foot}</p>
</body>
</html>
"""
ROW = ('<tr><th style="text-align: left; vertical-align: top; font-weight: 400; opacity: .7; white-space: nowrap; '
       'padding: .2rem 1.5rem .2rem 0">{label}</th><td style="padding: .2rem 0">{value}</td></tr>')
# On white, with a quiet zone of its own: a dark mail program would make the code unreadable.
TICKET = ('<p style="margin: 1.5rem 0; page-break-inside: avoid"><b>{label}</b><br>'
          '<img src="cid:{content_id}" alt="{label}" width="240" height="240" '
          'style="background: #fff; border-radius: .4rem"></p>\n')
TEST = '<p style="padding: .6rem 1rem; border: 2px dashed #c00; font-weight: 700">{text}</p>\n'


def write(language: str, content: dict[str, Any]) -> str:
    """The page. `content`: the fields of an email_template.Content by their names; nothing in them is markup."""
    rows = "\n".join(ROW.format(label=escape(label), value=escape(value)) for label, value in content["rows"])
    texts = {name: escape(value) for name, value in content.items() if isinstance(value, str)}
    test = TEST.format(text=texts.pop("test_note")) if content["test_note"] else ""
    tickets = "".join(TICKET.format(label=escape(ticket.label), content_id=escape(ticket.content_id))
                      for ticket in content["tickets"])
    return PAGE.format(language=language, rows=rows, test=test, tickets=tickets, **texts)
