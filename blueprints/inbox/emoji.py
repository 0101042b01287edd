"""The composer's own small set of emoji."""

from flask_babel import gettext as _

from blueprints.inbox import bp


@bp.app_template_global()
def emoji_groups() -> list[tuple[str, str]]:
    """Groups of signs, with spaces between; the most used of a shop's desk first."""
    return [
        (_("Faces"), "😊 😀 😁 😂 🤣 😄 😉 😍 🥰 😘 😎 🤗 🤔 😅 🙂 😌 😇 😮 😢 😭 😔 😟 😳 😴 🤒 😤"),
        (_("Gestures"), "🙏 👍 👎 👌 👏 🙌 💪 🤝 👋 ✌️ 🤞 🫶 🙋 🙇 💁 🤷"),
        (_("Hearts and signs"), "❤️ 🧡 💛 💚 💙 💜 💯 ✨ ⭐ 🔥 🎉 🎁 ✅ ❌ ⚠️ ❓ ❗ ⏰"),
        (_("Shop"), "📦 🚚 🛵 🏠 🏪 🛒 🛍️ 💰 💳 🧾 📄 📎 📷 📱 📞 ✉️ 📍 🗓️ 👕 👟 🍱 ☕"),
    ]
