"""The codes of a second factor: those of an authenticator app (TOTP, RFC 6238), and those that recover a lost one."""

import base64
import datetime as dt
import hashlib
import io
import secrets

import pyotp
import segno

ISSUER = "Marquee"
STEPS_APART = (0, -1, 1)  # a clock may be 30 seconds slow or fast
RECOVERY_CODES = 10
RECOVERY_BYTES = 10       # 80 random bits: nobody guesses one from its digest


def new_secret() -> str:
    """A secret for an authenticator app, in base32."""
    return pyotp.random_base32()


def uri(secret: str, username: str) -> str:
    """The address that an authenticator app reads the secret from."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=ISSUER)


def picture(text: str) -> str:
    """A QR code as an SVG document without a size of its own."""
    svg = io.BytesIO()
    segno.make_qr(text, error="m", boost_error=False).save(
        svg, kind="svg", border=4, light="#fff", omitsize=True, xmldecl=False, svgclass=None, lineclass=None)
    return svg.getvalue().decode()


def normalize(code: str) -> str:
    """A code as it is compared: without the spaces and dashes that people type, in capitals."""
    return code.replace(" ", "").replace("-", "").upper()


def matching_step(secret: str, code: str, now: dt.datetime) -> int | None:
    """The time step, of 30 seconds, whose code this is; None if it is none of now."""
    totp, found = pyotp.TOTP(secret), None
    for apart in STEPS_APART:  # all of them, so that the time taken tells nothing
        step = totp.timecode(now) + apart
        if secrets.compare_digest(totp.generate_otp(step).encode(), normalize(code).encode()):
            found = step
    return found


def new_recovery_codes() -> list[str]:
    """Codes such as K3XA-7QPL-2MNV-GH5T."""
    texts = [base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode() for _ in range(RECOVERY_CODES)]
    return ["-".join(text[at:at + 4] for at in range(0, len(text), 4)) for text in texts]


def digest(user_id: str, code: str) -> str:
    """What is kept of a recovery code."""
    return hashlib.sha256(f"{user_id} {normalize(code)}".encode()).hexdigest()
