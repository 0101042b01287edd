"""The names of figures, what each counts, and how its values are written."""

from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from flask_babel import format_decimal, get_locale
from flask_babel import gettext as _

from blueprints.reports import bp
from cloudchat.web import me


@bp.app_template_filter()
def figure(value, kind: str) -> str:
    """A figure as people read it; a dash where there is nothing to divide by."""
    if value is None:
        return "–"
    if kind == "rate":
        return format_decimal(value * 100, format="#,##0.#") + "%"
    if kind == "ms":
        return f"{format_decimal(value)} ms"
    if kind == "seconds":
        return seconds_word(value)
    return format_decimal(value, format="#,##0.##")


def seconds_word(seconds: float) -> str:
    """45 s, 2 min 30 s, 3 h 5 min, 2 d 4 h."""
    seconds = round(seconds)
    if seconds < 60:
        return _("%(seconds)s s", seconds=seconds)
    if seconds < 3600:
        return _("%(minutes)s min %(seconds)s s", minutes=seconds // 60, seconds=seconds % 60)
    if seconds < 86_400:
        return _("%(hours)s h %(minutes)s min", hours=seconds // 3600, minutes=seconds % 3600 // 60)
    return _("%(days)s d %(hours)s h", days=seconds // 86_400, hours=seconds % 86_400 // 3600)


@bp.app_template_filter()
def moment(at: str | datetime) -> str:
    """23 Nov 2026, 14.30 in the organization's zone."""
    at = datetime.fromisoformat(at) if isinstance(at, str) else at
    pattern = "d MMM y, HH.mm" if str(get_locale()) == "id" else "d MMM y, HH:mm"
    return format_datetime(at.astimezone(ZoneInfo(me().timezone)), pattern, locale=get_locale())


@bp.app_template_filter()
def outcome_word(outcome: str) -> str:
    """What the bot did."""
    return {
        "greeting": _("Greeted"),
        "answer": _("Answered"),
        "suggest": _("Asked back"),
        "fallback": _("Knew no answer"),
        "escalate": _("Called a human"),
        "ongkir": _("Quoted shipping"),
    }.get(outcome, outcome)


def weekdays() -> list[str]:
    """Monday first, in the reader's language."""
    names = get_locale().days["format"]["abbreviated"]
    return [names[number] for number in range(7)]


def bot_figures() -> dict[str, tuple[str, str, str]]:
    """Each figure of a bot: its name, how it is written, and what it counts."""
    return {
        "total_interactions": (_("Turns of the bot"), "number", _("Every message that the bot took.")),
        "conversations_handled": (
            _("Conversations handled"),
            "number",
            _("Different conversations among those turns."),
        ),
        "success_rate": (
            _("Answered by the bot"),
            "rate",
            _(
                "Turns with an answer and without a call for a human, of all turns. "
                "Greetings, questions back and turns without an answer do not count."
            ),
        ),
        "escalation_rate": (
            _("Passed on to a human"),
            "rate",
            _("Turns that called a human, for whatever reason, of all turns."),
        ),
        "avg_response_time_ms": (
            _("Response time, average"),
            "ms",
            _("From the arrival of the customer's text to the answer."),
        ),
        "p95_response_time_ms": (
            _("Response time, 95th percentile"),
            "ms",
            _("95 of 100 answers were at least this quick."),
        ),
        "avg_confidence_score": (
            _("Score, average"),
            "number",
            _("How sure the bot was, 0 to 100, in turns that have a score."),
        ),
        "avg_rating": (
            _("Rating, average"),
            "number",
            _("Ratings from 1 to 5 for turns of these days, whenever they were given."),
        ),
        "solved_questions": (
            _("Solved since"),
            "number",
            _("Turns without an answer whose question was taught since."),
        ),
    }


def more_bot_figures() -> dict[str, str]:
    """Names of what stands in charts and lists only."""
    return {
        "successful_interactions": _("Answered by the bot"),
        "escalated_interactions": _("Passed on to a human"),
        "ratings_count": _("Ratings"),
        "questions": _("Questions answered most"),
        "unmatched": _("Questions without an answer"),
    }


def desk_figures() -> dict[str, tuple[str, str, str]]:
    """Each figure of agents and divisions: its name, how it is written, and what it counts."""
    return {
        "first_response_median_seconds": (
            _("First response, median"),
            "seconds",
            _(
                "From the moment a customer needs a person to the first message of an agent. After a bot "
                "that is when it called a human; else the customer's first message. "
                "Counted on the day of the answer."
            ),
        ),
        "first_response_avg_seconds": (
            _("First response, average"),
            "seconds",
            _("The mean of the same times."),
        ),
        "first_response_p90_seconds": (
            _("First response, 90th percentile"),
            "seconds",
            _("90 of 100 customers waited no longer than this."),
        ),
        "first_responses": (
            _("First responses"),
            "number",
            _("Conversations that got their first message of an agent."),
        ),
        "conversations_handled": (
            _("Conversations handled"),
            "number",
            _("Conversations with at least one message of an agent."),
        ),
        "messages": (_("Messages"), "number", _("Messages that agents sent, also from the connected phone.")),
        "resolved": (
            _("Resolved"),
            "number",
            _("Conversations resolved in these days and not reopened, by their agent and division."),
        ),
        "resolution_median_seconds": (
            _("Resolution time, median"),
            "seconds",
            _("From the beginning of the conversation until it was resolved."),
        ),
        "resolution_avg_seconds": (
            _("Resolution time, average"),
            "seconds",
            _("The mean of the same times."),
        ),
        "handed_on": (
            _("Handed on"),
            "number",
            _("Conversations that went to another division or agent, counted where they had been."),
        ),
        "avg_rating": (
            _("Rating, average"),
            "number",
            _(
                "Ratings from 1 to 5: those that agents were given in these days, and those that the bot was "
                "given in the conversations that were resolved."
            ),
        ),
        "ratings_count": (_("Ratings"), "number", _("How many ratings that mean is made of.")),
    }


def queue_figures() -> dict[str, tuple[str, str, str]]:
    """What the divisions' report adds."""
    return {
        "entered": (_("Entered the queue"), "number", _("Customers who began to wait in these days.")),
        "served": (_("Served"), "number", _("Those of them whom an agent got.")),
        "wait_avg_seconds": (_("Wait, average"), "seconds", _("From entering the queue to the agent.")),
        "wait_p90_seconds": (
            _("Wait, 90th percentile"),
            "seconds",
            _("90 of 100 of them waited no longer than this."),
        ),
        "wait_longest_seconds": (_("Longest wait"), "seconds", _("The one who waited longest.")),
        "within_estimate_rate": (
            _("Within the estimate"),
            "rate",
            _("Of those who were told an estimate: who waited no longer than it said."),
        ),
        "left_queue": (_("Left the queue"), "number", _("Customers who did not want to wait any longer.")),
    }


def more_desk_figures() -> dict[str, str]:
    """Names of what stands in lists only."""
    return {
        "estimates_told": _("Told an estimate"),
        "within_estimate": _("Within the estimate"),
    }


def bot_names() -> dict[str, str]:
    return {name: told[0] for name, told in bot_figures().items()} | more_bot_figures()


def desk_names() -> dict[str, str]:
    told = desk_figures() | queue_figures()
    return {name: words[0] for name, words in told.items()} | more_desk_figures()


def desk_kinds() -> dict[str, str]:
    return {name: words[1] for name, words in (desk_figures() | queue_figures()).items()}
