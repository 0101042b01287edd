"""Ready ladders to begin with: sales, support, orders; in the language of whoever makes one."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Rung:
    """A stage of a ladder: its words by language, its looks, and how likely a deal is there."""

    id: str
    en: str
    icon: str
    color: str
    kind: str = "open"
    probability: int | None = None

    def stage(self, locale: str) -> dict[str, Any]:
        return {
            "name": self.en if locale == "en" else self.id,
            "icon": self.icon,
            "color": self.color,
            "kind": self.kind,
            "probability": self.probability,
        }


@dataclass(frozen=True)
class Ladder:
    """A pipeline that only has to be named."""

    id: str
    en: str
    icon: str
    color: str
    rungs: tuple[Rung, ...]

    def name(self, locale: str) -> str:
        return self.en if locale == "en" else self.id

    def stages(self, locale: str) -> list[dict[str, Any]]:
        return [rung.stage(locale) for rung in self.rungs]


LADDERS: dict[str, Ladder] = {
    "sales": Ladder(
        "Penjualan",
        "Sales",
        "target",
        "#0d9488",
        (
            Rung("Lead Baru", "New Lead", "inbox", "#64748b", probability=10),
            Rung("Terkualifikasi", "Qualified", "circle-check", "#2563eb", probability=30),
            Rung("Penawaran", "Proposal", "file-text", "#7c3aed", probability=50),
            Rung("Negosiasi", "Negotiation", "heart-handshake", "#d97706", probability=75),
            Rung("Menang", "Won", "trophy", "#16a34a", "won"),
            Rung("Kalah", "Lost", "circle-x", "#dc2626", "lost"),
        ),
    ),
    "support": Ladder(
        "Layanan Pelanggan",
        "Support",
        "headset",
        "#2563eb",
        (
            Rung("Baru", "New", "inbox", "#64748b"),
            Rung("Ditangani", "In progress", "tool", "#2563eb"),
            Rung("Menunggu pelanggan", "Waiting for customer", "hourglass", "#d97706"),
            Rung("Selesai", "Solved", "circle-check", "#16a34a", "won"),
            Rung("Tidak terselesaikan", "Not solved", "circle-x", "#dc2626", "lost"),
        ),
    ),
    "orders": Ladder(
        "Pesanan",
        "Orders",
        "package",
        "#d97706",
        (
            Rung("Pesanan baru", "New order", "clipboard-list", "#64748b", probability=40),
            Rung("Menunggu pembayaran", "Waiting for payment", "credit-card", "#d97706", probability=60),
            Rung("Dikemas", "Packing", "package", "#2563eb", probability=90),
            Rung("Dikirim", "Shipped", "truck-delivery", "#7c3aed", probability=95),
            Rung("Diterima", "Received", "circle-check", "#16a34a", "won"),
            Rung("Dibatalkan", "Cancelled", "circle-x", "#dc2626", "lost"),
        ),
    ),
}
USUAL = "sales"
