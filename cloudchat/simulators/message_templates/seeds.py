"""The templates of the demo WABA: one of each kind and status that a desk has to show."""

BODY = "Halo {{1}}, pesanan {{2}} sudah kami kirim hari ini. Terima kasih sudah berbelanja."
TEMPLATES = (
    {
        "name": "pesanan_dikirim",
        "language": "id",
        "category": "UTILITY",
        "status": "APPROVED",
        "quality": "GREEN",
        "components": [
            {
                "type": "HEADER",
                "format": "TEXT",
                "text": "Pesanan {{1}}",
                "example": {"header_text": ["INV-1"]},
            },
            {"type": "BODY", "text": BODY, "example": {"body_text": [["Budi", "INV-1"]]}},
            {"type": "FOOTER", "text": "Toko Demo"},
            {
                "type": "BUTTONS",
                "buttons": [
                    {"type": "QUICK_REPLY", "text": "Lacak pesanan"},
                    {
                        "type": "URL",
                        "text": "Buka nota",
                        "url": "https://toko.example/nota/{{1}}",
                        "example": ["INV-1"],
                    },
                ],
            },
        ],
    },
    {
        "name": "hello_world",
        "language": "id",
        "category": "UTILITY",
        "status": "APPROVED",
        "quality": "GREEN",
        "components": [{"type": "BODY", "text": "Halo, terima kasih sudah menghubungi Toko Demo."}],
    },
    {
        "name": "promo_akhir_pekan",
        "language": "id",
        "category": "MARKETING",
        "status": "APPROVED",
        "quality": "YELLOW",
        "parameter_format": "NAMED",
        "components": [
            {
                "type": "BODY",
                "text": "Hai {{nama}}, akhir pekan ini ada potongan {{potongan}} untuk Anda di toko.",
                "example": {
                    "body_text_named_params": [
                        {"param_name": "nama", "example": "Budi"},
                        {"param_name": "potongan", "example": "20%"},
                    ]
                },
            },
            {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Berhenti"}]},
        ],
    },
    {
        "name": "ulasan_produk",
        "language": "id",
        "category": "MARKETING",
        "status": "REJECTED",
        "rejected_reason": "INVALID_FORMAT",
        "components": [
            {
                "type": "BODY",
                "text": "Bagaimana produk {{1}} kami? Beri nilai di sini.",
                "example": {"body_text": [["Kopi Toraja"]]},
            }
        ],
    },
    {
        "name": "pengingat_bayar",
        "language": "id",
        "category": "UTILITY",
        "status": "PAUSED",
        "quality": "RED",
        "components": [
            {
                "type": "BODY",
                "text": "Halo {{1}}, tagihan Anda jatuh tempo besok. Abaikan bila sudah membayar.",
                "example": {"body_text": [["Budi"]]},
            }
        ],
    },
)
