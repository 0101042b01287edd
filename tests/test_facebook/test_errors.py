"""Every row of the table of Facebook's errors: cause, both texts, action, link. The type is always
OAuthException, so that whoever looks at it first fails here."""

from dataclasses import replace

import pytest
from flask_babel import force_locale

from cloudchat.channels.facebook_errors import HELP_URLS, HELPS, Failure, explain
from cloudchat.messages import sentence

IMPERSONATING = "A page token is needed before impersonating a user's page"
# failures, action, link, Indonesian, English
ROWS = [
    (
        [Failure(own="fb_cancelled")],
        "grant_permission",
        "H1",
        "Anda membatalkan izin Facebook. Coba lagi dan setujui semua izin yang diminta.",
        "You cancelled the Facebook permission request. Try again and accept all permissions.",
    ),
    (
        [Failure(own="fb_state")],
        "reauth",
        None,
        "Sesi penghubungan tidak valid atau sudah lewat. Mulai lagi dari awal.",
        "The connection session is invalid or has expired. Start again.",
    ),
    (
        [Failure(code=1), Failure(code=2), Failure(code=9999, transient=True), Failure(http=502)],
        "retry_later",
        "H5",
        "Facebook sedang mengalami gangguan. Coba lagi beberapa menit lagi.",
        "Facebook has a temporary problem. Try again in a few minutes.",
    ),
    (
        [Failure(code=1, message="Error validating client secret."), Failure(code=101)],
        "contact_support",
        None,
        "Konfigurasi aplikasi Facebook salah. Hubungi admin CloudChat.",
        "The Facebook app configuration is wrong. Contact the CloudChat administrator.",
    ),
    (
        [Failure(code=3)],
        "contact_support",
        None,
        "Aplikasi belum memiliki akses untuk fitur ini. Hubungi dukungan.",
        "The app does not have this capability yet. Contact support.",
    ),
    (
        [
            Failure(code=4),
            Failure(code=17),
            Failure(code=32),
            Failure(code=341),
            Failure(code=613),
            Failure(code=80001),
            Failure(code=80006),
        ],
        "retry_later",
        "H4",
        "Terlalu banyak permintaan ke Facebook. Tunggu sebentar lalu coba lagi.",
        "Too many requests to Facebook. Wait a moment and try again.",
    ),
    (
        [Failure(code=10)],
        "grant_permission",
        "H1",
        "Izin Facebook belum diberikan. Hubungkan ulang dan setujui semua izin.",
        "A Facebook permission is missing. Reconnect and accept all permissions.",
    ),
    (
        [Failure(code=10, subcode=1893063)],
        "contact_support",
        "H3",
        "Halaman sedang dibatasi mengirim pesan oleh Meta.",
        "Meta has temporarily restricted this Page from sending.",
    ),
    (
        [Failure(code=10, subcode=2018300)],
        "none",
        "H6",
        "Percakapan sedang dikendalikan aplikasi lain. Jadikan CloudChat penerima utama.",
        "Another app controls this conversation. Make CloudChat the default app.",
    ),
    (
        [Failure(code=100, subcode=36009)],
        "reauth",
        None,
        "Kode login sudah terpakai. Ulangi proses menghubungkan.",
        "The login code was already used. Start the connection again.",
    ),
    (
        [Failure(code=100, subcode=33)],
        "select_page",
        "H2",
        "Halaman tidak ditemukan atau Anda tidak punya akses.",
        "The Page does not exist or you have no access.",
    ),
    (
        [Failure(code=100), Failure(code=100, subcode=36008)],
        "contact_support",
        None,
        "Permintaan ke Facebook ditolak karena data tidak sesuai. Hubungi dukungan.",
        "Facebook rejected the request data. Contact support.",
    ),
    (
        [Failure(code=102)],
        "reauth",
        "H1",
        "Sesi login sudah kadaluarsa. Silakan login ulang ke Facebook.",
        "Your login session has expired. Please log in to Facebook again.",
    ),
    (
        [Failure(code=190), Failure()],
        "reauth",
        "H1",
        "Sesi login sudah kadaluarsa. Silakan login ulang ke Facebook.",
        "Your login session has expired. Please log in again.",
    ),
    (
        [Failure(code=190, message=IMPERSONATING)],
        "grant_permission",
        "H2",
        "Akun Anda belum punya akses penuh ke Halaman ini.",
        "Your account lacks sufficient access to this Page.",
    ),
    (
        [Failure(code=190, subcode=458)],
        "reauth",
        "H1",
        "CloudChat sudah dihapus dari akun Facebook Anda. Hubungkan ulang.",
        "CloudChat was removed from your Facebook account. Reconnect.",
    ),
    (
        [Failure(code=190, subcode=459)],
        "reauth",
        "facebook",
        "Facebook meminta verifikasi akun. Buka facebook.com, selesaikan verifikasi, lalu coba lagi.",
        "Facebook needs you to verify your account. Log in to facebook.com, then try again.",
    ),
    (
        [Failure(code=190, subcode=460)],
        "reauth",
        "H1",
        "Kata sandi Facebook berubah. Silakan login ulang.",
        "Your Facebook password changed. Please log in again.",
    ),
    (
        [Failure(code=190, subcode=463)],
        "reauth",
        "H1",
        "Token Facebook sudah kadaluarsa. Silakan login ulang.",
        "The Facebook token has expired. Please log in again.",
    ),
    (
        [Failure(code=190, subcode=464)],
        "reauth",
        "facebook",
        "Akun Facebook belum dikonfirmasi. Konfirmasi di facebook.com lalu coba lagi.",
        "Your Facebook account is not confirmed. Confirm it on facebook.com, then try again.",
    ),
    (
        [Failure(code=190, subcode=467)],
        "reauth",
        "H1",
        "Sesi Facebook berakhir. Silakan login ulang.",
        "The Facebook session ended. Please log in again.",
    ),
    (
        [Failure(code=190, subcode=492)],
        "grant_permission",
        "H2",
        "Anda tidak lagi punya peran di Halaman ini. Minta akses ke admin Halaman.",
        "You no longer have a role on this Page. Ask a Page admin for access.",
    ),
    (
        [Failure(code=200), Failure(code=200, message="Permissions error")],
        "link_to_bm",
        "H3",
        "Page belum terhubung ke Business Manager.",
        "The Page is not linked to a Business Manager yet.",
    ),
    (
        [
            Failure(code=200, message="Requires pages_messaging permission"),
            Failure(code=210),
            Failure(code=230),
            Failure(code=283),
            Failure(code=299),
        ],
        "grant_permission",
        "H1",
        "Izin Halaman belum lengkap. Hubungkan ulang dan setujui semua izin.",
        "Page permissions are incomplete. Reconnect and accept all permissions.",
    ),
    (
        [Failure(code=200, subcode=1545041), Failure(code=551, subcode=1545041), Failure(code=551)],
        "none",
        None,
        "Pelanggan ini tidak dapat dihubungi saat ini.",
        "This person is not available right now.",
    ),
    (
        [Failure(code=368), Failure(code=3980)],
        "contact_support",
        "H3",
        "Akun atau Halaman diblokir sementara karena pelanggaran kebijakan. Coba lagi nanti.",
        "The account or Page is temporarily blocked for a policy violation.",
    ),
    (
        [Failure(code=415)],
        "link_to_bm",
        "H3",
        "Bisnis ini mewajibkan verifikasi dua langkah. Aktifkan lalu coba lagi.",
        "This business requires two-factor authentication. Turn it on and retry.",
    ),
    (
        [Failure(code=3944)],
        "none",
        "H3",
        "Business Manager sudah punya akses ke Halaman ini.",
        "The Business Manager already has access to this Page.",
    ),
    (
        [Failure(code=3977)],
        "link_to_bm",
        "H2",
        "Anda harus menjadi admin Halaman untuk menambahkannya ke Business Manager.",
        "You must be an admin of the Page to claim it.",
    ),
    (
        [Failure(code=3982)],
        "link_to_bm",
        "H3",
        "Anda tidak punya izin menambahkan aset ke Business Manager itu.",
        "You lack rights to import this asset into that Business Manager.",
    ),
    (
        [Failure(own="fb_no_pages")],
        "link_to_bm",
        "H3",
        "Tidak ada Halaman yang bisa dihubungkan. Pastikan Page ada di Business Manager "
        "dan dipilih saat login.",
        "No Page is available. Make sure the Page is in your Business Manager and ticked during login.",
    ),
    (
        [Failure(own="fb_page_task")],
        "grant_permission",
        "H2",
        "Peran Anda di Halaman ini tidak cukup untuk menerima pesan.",
        "Your role on this Page is not sufficient for messaging.",
    ),
    (
        [Failure(own="fb_not_subscribed")],
        "retry_later",
        None,
        "Halaman terhubung tetapi belum menerima pesan. Coba lagi.",
        "The Page connected but is not receiving messages. Try again.",
    ),
    (
        [Failure(code=987654)],
        "contact_support",
        "support",
        "Gagal menghubungkan page",
        "Failed to connect the Page",
    ),
]


@pytest.mark.parametrize(
    ("failures", "action", "link", "indonesian", "english"), ROWS, ids=[row[4][:40] for row in ROWS]
)
def test_a_row_of_the_table(failures, action, link, indonesian, english, app):
    for failure in failures:
        helped = explain(replace(failure, type="OAuthException") if failure != Failure(http=502) else failure)
        assert (helped.action, helped.link) == (action, link), failure
        with app.test_request_context():
            for locale, text in (("id", indonesian), ("en", english)):
                with force_locale(locale):
                    assert sentence(helped.word) == text


def test_the_table_is_whole():
    told = {explain(replace(failure, type="OAuthException")).word for row in ROWS for failure in row[0]}
    assert told == set(HELPS)
    assert {link for _, link in HELPS.values()} - {None, "support"} <= set(HELP_URLS)


def test_an_odd_reply_is_unknown_and_not_a_login():
    assert explain(Failure(http=404)).word == "fb_unknown"
    assert explain(Failure(code=200, type=None)).word == "fb_not_in_bm"
