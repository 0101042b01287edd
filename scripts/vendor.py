"""Copy what the pages load from node_modules to static/vendor/, and make the icon sprite.

The sprite holds the Tabler icons that static/icons.txt names, one per line: as a symbol whose id is
the name, drawn by `<svg><use href="/static/vendor/icons.svg#name"></svg>`.
"""

import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ROOT / "node_modules"
VENDOR = ROOT / "static" / "vendor"
ICON_NAMES = ROOT / "static" / "icons.txt"
ICONS = PACKAGES / "@tabler" / "icons" / "icons" / "outline"
FILES = {
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "idiomorph-ext.min.js": "idiomorph/dist/idiomorph-ext.min.js",
    "plotly-cartesian.min.js": "plotly.js-cartesian-dist-min/plotly-cartesian.min.js",
    "socket.io.esm.min.js": "socket.io-client/dist/socket.io.esm.min.js",
    "sortable.esm.js": "sortablejs/modular/sortable.esm.js",
}
# Of the icon's own drawing only: its first path is a transparent square of the whole size.
DRAWING = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)
SQUARE = re.compile(r'<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*/>')
SYMBOL = (
    '<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.5"'
    ' stroke-linecap="round" stroke-linejoin="round">{drawing}</symbol>'
)


def main() -> int:
    """Fill static/vendor/; 1 when an icon is unknown, after everything else is done."""
    VENDOR.mkdir(parents=True, exist_ok=True)
    for name, source in FILES.items():
        shutil.copyfile(PACKAGES / source, VENDOR / name)
    names = icon_names(ICON_NAMES.read_text()) if ICON_NAMES.exists() else []
    unknown = [name for name in names if not (ICONS / f"{name}.svg").is_file()]
    sprite = make_sprite({n: (ICONS / f"{n}.svg").read_text() for n in names if n not in unknown})
    (VENDOR / "icons.svg").write_text(sprite)
    for name in unknown:
        print(f"static/icons.txt: there is no Tabler icon {name!r}", file=sys.stderr)
    return 1 if unknown else 0


def icon_names(text: str) -> list[str]:
    """The names of a list with one name per line; blank lines and # comments do not count."""
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    return sorted({line for line in lines if line})


def make_sprite(icons: dict[str, str]) -> str:
    """One SVG document with a symbol for each icon's SVG text."""
    symbols = []
    for name, svg in icons.items():
        drawing = SQUARE.sub("", DRAWING.search(svg).group(1))
        symbols.append(SYMBOL.format(name=name, drawing=" ".join(drawing.split())))
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"


if __name__ == "__main__":
    sys.exit(main())
