"""The bot of the demo organization: its hours, and a dozen questions that customers of a shop ask."""

from sqlalchemy import select

from cloudchat.extensions import db
from cloudchat.models import Chatbot, Device
from cloudchat.services import bot_hours, bot_pairs, bot_settings

NAME = "Asisten Toko Demo"
GREETING = "Halo Kak, saya asisten Toko Demo. Tanyakan apa saja tentang belanja di toko kami."
OUTSIDE_HOURS = (
    "Terima kasih sudah menghubungi Toko Demo, Kak. Kami melayani setiap hari "
    "pukul 06.00–24.00. Pesan Kakak kami balas begitu buka."
)
FALLBACK = (
    "Maaf Kak, saya belum tahu jawabannya. Boleh ditanyakan dengan kata lain? "
    "Ketik *agen* untuk bicara dengan agen kami."
)
OPENS, CLOSES = "06:00", "24:00"
# Web chat and WhatsApp are left to people: there a newcomer tries out how messages arrive and are answered
CHANNELS = ("telegram", "messenger")
PAIRS = (
    (
        "Bisa bayar di tempat (COD)?",
        ("bisa cod ga", "bayar pas barang sampai"),
        "Bisa, Kak. COD berlaku di Jawa dan Bali dengan biaya tambahan Rp5.000.",
    ),
    (
        "Cara pembayarannya bagaimana?",
        ("bayarnya gimana", "bisa transfer ke mana", "terima qris"),
        "Pembayaran bisa lewat transfer BCA 123-456-7890 a.n. Toko Demo, QRIS, atau COD, Kak.",
    ),
    (
        "Toko buka jam berapa?",
        ("jam operasional", "hari minggu buka ga"),
        "Kami buka setiap hari pukul 09.00–21.00 WIB, Kak. Pesanan setelah itu diproses besok pagi.",
    ),
    (
        "Alamat tokonya di mana?",
        ("lokasi toko", "ada toko offline"),
        "Toko kami di Jl. Merdeka No. 10, Bandung. Kakak boleh datang langsung pukul 09.00–21.00.",
    ),
    (
        "Berapa lama pengiriman?",
        ("kapan sampai", "estimasi kirim berapa hari"),
        "Jawa 1–3 hari kerja, luar Jawa 3–7 hari kerja, Kak. Pesanan sebelum pukul 14.00 dikirim hari itu.",
    ),
    (
        "Bagaimana melacak pesanan saya?",
        ("cek resi", "paket saya sudah sampai mana"),
        "Nomor resi dikirim ke chat ini setelah paket dijemput kurir. Kakak bisa melacaknya di situs kurir.",
    ),
    (
        "Barang rusak bisa ditukar?",
        ("mau retur", "tukar ukuran", "barang cacat"),
        "Bisa, Kak, dalam 7 hari sejak diterima. Sertakan video buka paket; ongkir penukaran kami tanggung.",
    ),
    (
        "Uang kembali berapa lama?",
        ("refund kapan cair", "pengembalian dana"),
        "Dana kembali 2–3 hari kerja setelah barang kami terima, ke rekening yang sama, Kak.",
    ),
    (
        "Ada ukuran apa saja?",
        ("size chart", "ukuran xl ada"),
        "Tersedia S sampai XXL, Kak. Lingkar dada S 92 cm, M 96, L 100, XL 106, XXL 112.",
    ),
    (
        "Ada warna apa saja?",
        ("warna hitam ready", "pilihan warna"),
        "Pilihan warna: hitam, putih, navy, maroon, dan sage, Kak.",
    ),
    (
        "Bisa beli grosir?",
        ("harga reseller", "minimal grosir"),
        "Bisa, Kak. Mulai 12 potong ada potongan 15 %, mulai 60 potong 25 %. Boleh campur warna dan ukuran.",
    ),
    (
        "Ada promo apa?",
        ("diskon bulan ini", "kode voucher"),
        "Gratis ongkir untuk belanja mulai Rp200.000, Kak, dan potongan 10 % dengan kode TOKODEMO.",
    ),
    (
        "Pesanan bisa dibatalkan?",
        ("mau cancel", "batal order"),
        "Bisa selama belum dikirim, Kak. Sebutkan nomor pesanannya, agen kami akan membantu.",
    ),
)


def seed() -> None:
    """Make the bot where the organization has none."""
    bot = db.session.scalar(select(Chatbot).order_by(Chatbot.id).limit(1)) or _bot()
    if bot.name != NAME or bot_pairs.count(bot.id):
        return
    for question, alternatives, answer in PAIRS:
        values = {"question": question, "alternatives": list(alternatives), "answer": answer}
        bot_pairs.create(bot.id, values)


def _bot() -> Chatbot:
    own = select(Device.id).where(Device.deleted_at.is_(None), Device.type.in_(CHANNELS))
    devices = db.session.scalars(own).all()
    bot = bot_settings.create(
        {
            "name": NAME,
            "device_ids": list(devices),
            "greeting": GREETING,
            "fallback_message": FALLBACK,
            "outside_hours_message": OUTSIDE_HOURS,
            "schedule_enabled": True,
            "asks_rating": True,
        }
    )
    for day in range(7):
        bot_hours.add(bot.id, {"day_of_week": day, "start_time": OPENS, "end_time": CLOSES})
    return bot
