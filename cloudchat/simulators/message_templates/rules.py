"""Meta's own look at a template that is handed in. A breach raises GraphError in Meta's words."""

import re

from cloudchat.simulators.meta.errors import GraphError

VARIABLE = re.compile(r"\{\{([^{}]*)\}\}")
TITLES = {
    2388023: ("Nama tidak dapat dipakai", "Nama ini baru saja dihapus. Pakai nama lain atau tunggu 30 hari."),
    2388024: ("Konten sudah ada", "Sudah ada template dengan nama dan bahasa ini."),
    2388019: ("Batas template tercapai", "Akun ini sudah mencapai jumlah template terbanyak."),
    2388039: ("Status tidak dapat diubah", "Template dengan status ini tidak dapat diubah."),
    2388040: ("Terlalu panjang", "Salah satu bagian template melebihi panjang yang diizinkan."),
    2388047: ("Format header salah", "Header pesan tidak memenuhi ketentuan."),
    2388072: ("Format isi salah", "Isi pesan tidak memenuhi ketentuan."),
    2388073: ("Format footer salah", "Footer pesan tidak memenuhi ketentuan."),
    2388293: ("Variabel terlalu banyak", "Terlalu banyak variabel untuk panjang teks ini."),
    2388299: ("Variabel di tepi", "Variabel tidak boleh berada di awal atau akhir isi pesan."),
    2593002: ("Template tidak ditemukan", "Template ini tidak ada."),
}


class TemplateError(GraphError):
    """A refusal as Meta words it: a subcode of 100 with a title and a sentence for people."""

    def __init__(self, subcode: int):
        super().__init__(100, message="Invalid parameter", subcode=subcode)
        self.words = TITLES[subcode]

    def body(self) -> dict:
        made = super().body()
        made["error"] |= {"error_user_title": self.words[0], "error_user_msg": self.words[1]}
        return made


def check(components: object) -> None:
    """The parts of a template."""
    if not isinstance(components, list) or not all(isinstance(part, dict) for part in components):
        raise GraphError(100, message="(#100) The parameter components is required.")
    parts = {str(part.get("type")).upper(): part for part in components}
    if len(parts) < len(components) or "BODY" not in parts:
        raise TemplateError(2388072)
    _header(parts.get("HEADER"))
    _body(parts["BODY"])
    footer = parts.get("FOOTER")
    if footer and (len(str(footer.get("text", ""))) > 60 or VARIABLE.search(str(footer.get("text", "")))):
        raise TemplateError(2388073)
    _buttons(parts.get("BUTTONS", {}).get("buttons", []))


def _header(part: dict | None) -> None:
    if part is None:
        return
    kind, text, example = (
        str(part.get("format")).upper(),
        str(part.get("text", "")),
        part.get("example") or {},
    )
    if kind == "TEXT":
        if not text or len(text) > 60 or len(VARIABLE.findall(text)) > 1:
            raise TemplateError(2388047)
    elif kind in ("IMAGE", "VIDEO", "DOCUMENT"):
        if not str((example.get("header_handle") or [""])[0]).startswith("4:"):
            raise TemplateError(2388047)
    elif kind != "LOCATION":
        raise TemplateError(2388047)


def _body(part: dict) -> None:
    text = str(part.get("text", "")).strip()
    if not text:
        raise TemplateError(2388072)
    if len(text) > 1024:
        raise TemplateError(2388040)
    names = list(dict.fromkeys(VARIABLE.findall(text)))
    if re.match(r"\{\{", text) or text.endswith("}}"):
        raise TemplateError(2388299)
    if len(text.split()) < 3 * len(names) + 1:
        raise TemplateError(2388293)
    example = part.get("example") or {}
    samples = example.get("body_text_named_params") or (example.get("body_text") or [[]])[0]
    if len(samples) != len(names):
        raise TemplateError(2388072)


def _buttons(buttons: list) -> None:
    kinds = [str(button.get("type")).upper() for button in buttons]
    groups = re.sub(r"(.)\1*", r"\1", "".join("Q" if kind == "QUICK_REPLY" else "O" for kind in kinds))
    if len(kinds) > 10 or groups.count("Q") > 1 or kinds.count("URL") > 2 or kinds.count("PHONE_NUMBER") > 1:
        raise GraphError(100, "The buttons are in an order or number that is not allowed.")
    if any(len(str(button.get("text", ""))) > 25 for button in buttons):
        raise TemplateError(2388040)
