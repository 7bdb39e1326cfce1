"""The policies that tell browsers what the pages of the shop may do."""

from urllib.parse import urlsplit

from app.settings import Settings

# Pages have neither inline scripts nor inline styles. Image files may be on another host.
_PAGES = (
    "default-src 'none'; script-src 'self'{script}; style-src 'self'; img-src 'self' data:{media}; "
    "connect-src 'self'{connect}; {frame}form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=({payment})"
_API, _HOOKS = "https://api.stripe.com", "https://hooks.stripe.com"
# Stripe's script loads its frames from several of these hosts.
_SCRIPTS = "https://js.stripe.com https://*.js.stripe.com"


def pages_policy(settings: Settings) -> str:
    """Return the Content-Security-Policy of pages."""
    return _PAGES.format(script="", connect="", frame="", media=_media_origin(settings))


def stripe_headers(settings: Settings) -> dict[str, str]:
    """Return the policies of the page for payments at Stripe, with Stripe's scripts and frames.

    https://docs.stripe.com/security/guide#content-security-policy
    """
    policy = _PAGES.format(
        script=f" {_SCRIPTS}",
        connect=f" {_API}",
        frame=f"frame-src {_SCRIPTS} {_HOOKS}; ",
        media=_media_origin(settings),
    )
    # The buttons of wallets are shown in a frame of Stripe.
    frames = " ".join(f'"{each}"' for each in _SCRIPTS.split())
    permissions = PERMISSIONS.format(payment=f"self {frames}")
    return {"Content-Security-Policy": policy, "Permissions-Policy": permissions}


def _media_origin(settings: Settings) -> str:
    """Return the origin of images on another host, with a space before it."""
    address = urlsplit(settings.media_url)
    return f" {address.scheme}://{address.netloc}" if address.netloc else ""
