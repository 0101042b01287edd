"""What made-up customers are called, and what they and the desk say."""

_FIRST = (
    "Adi Agus Ahmad Aisyah Ani Ayu Bagas Bambang Bayu Bella Budi Cahya Citra Dedi Dewi Dian Dimas "
    "Dini Eka Eko Fajar Farah Fitri Galih Gita Hadi Hana Hendra Ika Indah Irfan Joko Kartika Kevin "
    "Laras Lestari Lina Made Maya Mega Nadia Ni Nita Nur Putra Putri Rahmat Ratna Reza Rina Rizky "
    "Rudi Sari Sinta Siti Slamet Sri Surya Tari Teguh Tika Tono Umar Vina Wahyu Wati Wayan Yanti Yoga "
    "Yuni Yusuf Zahra"
)
_LAST = (
    "Anggraini Cahyono Darmawan Fauzi Firmansyah Ginting Gunawan Halim Handayani Hartono Harahap "
    "Hasibuan Hidayat Irawan Kurniawan Kusuma Lestari Lubis Mahendra Maulana Nasution Nugraha Nugroho "
    "Permata Pranata Pratama Prasetyo Purnama Rahayu Rahmawati Ramadhan Santoso Saputra Saragih "
    "Setiawan Simanjuntak Siregar Sitompul Suharto Sulistyo Suryani Susanto Sutrisno Syahputra "
    "Tanjung Utami Wibowo Widodo Wijaya Wulandari Yulianti"
)
FIRST, LAST = _FIRST.split(), _LAST.split()
# What is talked about: the customer's words and the desk's, in turns
TALKS = (
    (
        ("Halo kak, {barang} masih ada?", "Halo Kak, {barang} masih ready. Mau warna apa?"),
        ("yang hitam kak, kirim ke {kota} berapa ya", "Ongkir ke {kota} Rp18.000, Kak. Total Rp{harga}."),
        ("oke saya transfer ya", "Siap Kak, kami tunggu bukti transfernya."),
        ("sudah ya kak", "Terima kasih Kak, pesanan langsung kami proses."),
    ),
    (
        (
            "kak pesanan saya kok belum sampai ya, sudah 5 hari",
            "Mohon maaf Kak, boleh minta nomor pesanannya?",
        ),
        ("INV-{nomor}", "Baik, kami cek ke kurir dulu ya Kak."),
        ("ditunggu kak", "Paketnya sudah di gudang {kota}, besok diantar Kak."),
    ),
    (
        ("{barang}nya sobek pas dibuka kak", "Waduh, mohon maaf ya Kak. Boleh kirim videonya?"),
        ("ini kak sudah saya kirim", "Terima kasih Kak. Kami kirim penggantinya hari ini, gratis ongkir."),
        ("makasih banyak kak", "Sama-sama Kak."),
    ),
    (
        (
            "mau tanya harga grosir {barang} 50 pcs",
            "Untuk 50 pcs ada potongan 15%, Kak. Satuannya Rp{harga}.",
        ),
        ("bisa kurang lagi?", "Untuk 100 pcs bisa 20%, Kak."),
        ("saya diskusi dulu ya", "Baik Kak, penawarannya berlaku sampai akhir bulan."),
    ),
    (
        ("kak bisa cod ga?", "Bisa Kak, untuk Jawa dan Bali."),
        ("oke mau order 1 {barang} ke {kota}", "Baik Kak, kirim nama dan alamat lengkapnya ya."),
    ),
    (("p", "Halo Kak, ada yang bisa kami bantu?"),),
    (
        (
            "cara tukar ukuran gimana ya, {barang}nya kekecilan",
            "Bisa ditukar dalam 7 hari, Kak. Kirim balik ke gudang kami.",
        ),
        (
            "ongkirnya siapa yang tanggung kak?",
            "Ongkir kirim balik ditanggung pembeli, kirim gantinya dari kami.",
        ),
        ("sip", "Ditunggu ya Kak."),
    ),
    (
        (
            "selamat pagi, invoice bulan ini belum masuk ke email saya",
            "Pagi Kak, kami kirim ulang ya. Emailnya masih sama?",
        ),
        ("masih sama", "Sudah terkirim, Kak. Silakan dicek."),
    ),
)
THINGS = ("gamis", "hijab", "kemeja", "sepatu", "tas", "jaket", "celana", "tunik", "sandal", "dompet")
TOWNS = (
    "Bandung",
    "Surabaya",
    "Medan",
    "Makassar",
    "Denpasar",
    "Semarang",
    "Palembang",
    "Malang",
    "Bogor",
    "Jember",
)
NOTES = (
    "Pelanggan lama, utamakan.",
    "Minta dikirim lewat JNE.",
    "Sudah dicek ke gudang.",
    "Janji bayar hari Jumat.",
)
LOST = ("Harga tidak cocok", "Tidak ada kabar lagi", "Beli di toko lain")
