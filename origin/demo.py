"""A server to try: own keys, own pictures, and links that show what it can do."""

from __future__ import annotations

import os
from pathlib import Path

from dotenv import dotenv_values
from rich.console import Console

from origin.demo_pictures import draw_pictures
from origin.settings import Settings, SettingsError, read_settings
from signing.imgproxy import ImgproxyScheme
from signing.keys import KEYS, SALTS, KeyPair, parse_pairs

FOLDER = Path(".safelight")
_KEY_BYTES = 32

# What it shows, and the path after the signature.
LINKS = (
    ("12 megapixels as they are, in the format that your browser likes best", "/plain/local:///valley.jpg"),
    ("fitted into 800 x 600", "/rs:fit:800:600/plain/local:///valley.jpg"),
    ("filled to 400 x 400, the eye-catching part", "/rs:fill:400:400/g:sm/plain/local:///valley.jpg"),
    ("filled to 600 x 200 around a focal point", "/rs:fill:600:200/g:fp:0.72:0.35/plain/local:///valley.jpg"),
    ("the same for a screen of double density", "/rs:fill:600:200/g:fp:0.72:0.35/dpr:2/plain/local:///valley.jpg"),
    ("as AVIF, by extension", "/w:800/plain/local:///valley.jpg@avif"),
    ("as WebP of quality 40", "/w:800/q:40/plain/local:///valley.jpg@webp"),
    ("a phone's picture that EXIF turns upright", "/rs:fit:500:500/plain/local:///phone.jpg"),
    ("transparency on a background, with padding", "/rs:fit:300:300/pd:40/bg:f4a259/plain/local:///badge.png@jpg"),
    ("a watermark, repeated", "/w:900/wm:0.25:re:60:60:0.15/plain/local:///valley.jpg"),
    ("two colours", "/w:600/dt:1:1b1b4b:ffd166/plain/local:///valley.jpg"),
    ("large squares", "/w:600/pix:24/plain/local:///valley.jpg"),
    ("an animation, made smaller as WebP", "/w:160/plain/local:///clock.gif@webp"),
    ("a drawing, drawn at 500 pixels", "/w:500/plain/local:///mark.svg@png"),
    ("two pipelines: cut and shrunk, then framed", "/c:0.5:0.5:ce/w:300/-/pd:20/bg:ffffff/plain/local:///valley.jpg@webp"),
    ("an error that says what is wrong", "/blur:nan/plain/local:///valley.jpg"),
)  # fmt: skip


def demo_settings() -> tuple[Settings, tuple[KeyPair, ...]]:
    """Settings of the demo; makes keys and pictures on the first run and keeps them."""
    pictures = FOLDER / "pictures"
    try:
        pairs = _keys(FOLDER / "keys.env")
        draw_pictures(pictures)
    except OSError as error:
        raise SettingsError(f"the demo keeps its files in {FOLDER.absolute()}: {error}") from error
    return read_settings(
        local_root=pictures,
        watermark="local:///badge.png",
        keys=",".join(pair.key.hex() for pair in pairs),
        salts=",".join(pair.salt.hex() for pair in pairs),
        # Two demos at once must not meet on the admin port.
        **({} if "SAFELIGHT_ADMIN_PORT" in os.environ else {"admin_port": 0}),
    ), pairs


def show_links(base: str, pairs: tuple[KeyPair, ...]) -> None:
    """Prints a table of signed links; each is whole on a line of its own, to be clicked."""
    scheme = ImgproxyScheme(pairs)
    console = Console(soft_wrap=True, highlight=False)
    console.print(f"\n[bold]Safelight answers on {base}[/bold]   (Ctrl-C stops it)\n")
    for title, path in LINKS:
        url = base + scheme.sign(path.encode()).decode()
        console.print(f"  [green]{title}[/green]")
        console.print(f"    [link={url}]{url}[/link]\n", markup=True)
    console.print("Make your own:  .venv/bin/safelight sign /w:300/plain/local:///valley.jpg")
    console.print(f"Keys: {FOLDER}/keys.env   Pictures: {FOLDER}/pictures\n")


def _keys(path: Path) -> tuple[KeyPair, ...]:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [f"{name}={os.urandom(_KEY_BYTES).hex()}\n" for name in (KEYS, SALTS)]
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.writelines(lines)
    values = dotenv_values(path)
    try:
        return parse_pairs(values.get(KEYS) or "", values.get(SALTS) or "")
    except ValueError as error:
        raise SettingsError(f"{path}: {error}\nRemove the file to get new keys.") from error
