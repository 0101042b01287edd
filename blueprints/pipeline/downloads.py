"""A column of the board as a CSV file."""

from collections.abc import Iterator
from datetime import datetime
from itertools import chain
from zoneinfo import ZoneInfo

from flask import Response, stream_with_context
from flask_babel import gettext as _

from blueprints.pipeline import bp
from blueprints.pipeline.pages import wanted_board
from cloudchat.services import contact_export
from cloudchat.services.files import safe_name
from cloudchat.services.pipelines import exporting, stages
from cloudchat.web import me, requires


@bp.get("/app/pipelines/<int:pipeline_id>/stages/<int:stage_id>/export")
@requires("agent")
def export_column(pipeline_id: int, stage_id: int):
    """All cards of the column that the caller sees, under the board's filter."""
    stage = stages.of_pipeline(pipeline_id, stage_id)
    query = wanted_board()
    lines = exporting.rows(me(), pipeline_id, stage_id, query.filter(), query.sort)
    today = datetime.now(ZoneInfo(me().timezone)).date()
    answer = Response(_stream(chain([_heading()], lines)), mimetype="text/csv")
    name = safe_name(f"{stage.name}-{today.isoformat()}.csv")
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


def _stream(lines: Iterator[list[str]]) -> Iterator[bytes]:
    return stream_with_context(contact_export.as_csv(lines))


def _heading() -> list[str]:
    return [
        _("Number"),
        _("Name"),
        _("Stage"),
        _("Agent"),
        _("Labels"),
        _("Deal value"),
        _("Lost reason"),
        _("Status"),
        _("In this stage since"),
        _("Last message"),
        _("Last activity"),
    ]
