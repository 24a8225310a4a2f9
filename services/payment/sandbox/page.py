"""The sandbox's page as HTML: forms without scripts, in English or Chinese, plainly about test money."""

from urllib.parse import urlsplit

from schemas.localized_money import localized_money
from services.payment.sandbox import cards
from services.payment.sandbox.checkout import CODE, CheckoutSession

CHOICES = ("pay", "challenge", "decline", "insufficient_funds")
WORDS = {
    "en": {
        "title": "Test payment", "banner": "Test money. No card is asked for and nothing is charged.",
        "to_pay": "To pay", "what": "How should this payment end?", "pay": "Pay",
        "challenge": "Pay with a confirmation code", "decline": "Declined",
        "insufficient_funds": "Insufficient funds", "abandon": "Back without paying",
        "code_title": "Confirm that it is you", "code": "Code",
        "code_hint": "A bank would send one. Here it is {code}.",
        "confirm": "Confirm", "wrong": "That was not the code.",
    },
    "zh": {
        "title": "测试付款", "banner": "这是测试用的钱：不需要银行卡，也不会扣款。",
        "to_pay": "应付", "what": "这笔付款要怎样结束？", "pay": "付款", "challenge": "输入验证码后付款",
        "decline": "被拒绝", "insufficient_funds": "余额不足", "abandon": "不付款，返回",
        "code_title": "请确认是您本人", "code": "验证码", "code_hint": "银行会发给您；这里是 {code}。",
        "confirm": "确认", "wrong": "验证码不对。",
    },
}
PAGE = """<!doctype html>
<html lang="{language}" data-theme="{theme}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title} · Marquee</title>
<link rel="icon" href="/web/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/web/style/base.css"><link rel="stylesheet" href="/web/style/shell.css">
<link rel="stylesheet" href="/web/style/sandbox.css"></head>
<body><p class="test-money" role="note">{banner}</p>
<main class="checkout"><p class="logo">Marquee</p><h1>{heading}</h1>{body}</main></body></html>
"""


def render(session: CheckoutSession, language: str, theme: str) -> str:
    """The page for a session that is not over."""
    words = WORDS[language]
    price = localized_money(session.amount, session.currency, language)
    amount = f'<p class="amount"><span class="muted">{words["to_pay"]}</span> <strong>{price}</strong></p>'
    if session.status == "challenged":
        body = amount + _form(_code_field(session, words) + _button("confirm", words, "primary"))
    else:
        buttons = "".join(_button(choice, words, "primary" if choice == "pay" else "", _card(choice))
                          for choice in CHOICES)
        body = amount + _form(f'<p class="muted">{words["what"]}</p>{buttons}')
    body += _form(_button("abandon", words, "link"))
    heading = words["code_title"] if session.status == "challenged" else words["title"]
    return PAGE.format(language="zh-CN" if language == "zh" else "en", theme=theme, title=words["title"],
                       banner=words["banner"], heading=heading, body=body)


def return_origin(session: CheckoutSession) -> str | None:
    """The origin that the buyer returns to, such as https://cinema.example; None: this site."""
    parts = urlsplit(session.return_url)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme else None


def _form(inside: str) -> str:
    """A form that is sent to the address of the page, which has its language and theme."""
    return f'<form class="stack" method="post">{inside}</form>'


def _button(choice: str, words: dict[str, str], kind: str, more: str = "") -> str:
    return f'<button class="wide {kind}" name="choice" value="{choice}">{words[choice]}</button>{more}'


def _card(choice: str) -> str:
    """The test card with which a payment ends so."""
    return f'<small>{cards.BRAND.title()} ·· {cards.LAST4[choice]}</small>'


def _code_field(session: CheckoutSession, words: dict[str, str]) -> str:
    wrong = f'<small class="warning" role="alert" id="wrong">{words["wrong"]}</small>' if session.wrong_code else ""
    described = (' aria-invalid="true" aria-describedby="wrong hint"' if session.wrong_code
                 else ' aria-describedby="hint"')
    return (f'<label class="field">{words["code"]}<input name="code" inputmode="numeric" autocomplete="one-time-code" '
            f'maxlength="16" autofocus{described}>{wrong}'
            f'<small id="hint">{words["code_hint"].format(code=CODE)}</small></label>')
