"""The pipeline's pages: list, board, editor, and the conversation beside the board."""

from flask import redirect, render_template, request, url_for
from pydantic import ValidationError

from blueprints.pipeline import bp
from blueprints.pipeline.schemas import BoardQuery
from blueprints.pipeline.words import icon_names
from cloudchat.channels import CHANNELS
from cloudchat.models import PipelineStage
from cloudchat.services import edits, inbox, labels, threads
from cloudchat.services.pipelines import board, cards, catalog, choices, history, presenting, stages, views
from cloudchat.services.pipelines.automation import templates
from cloudchat.services.pipelines.ladders import LADDERS
from cloudchat.web import me, requires

FIRST_CARDS = 25


@bp.get("/app/pipelines")
@requires("agent")
def index():
    found = catalog.summaries(me(), catalog.all_pipelines())
    return render_template("pipeline/index.html", summaries=found, ladders=LADDERS)


@bp.get("/app/pipelines/new")
@requires("admin")
def new():
    chosen = request.args.get("ladder", "sales")
    return render_template(
        "pipeline/new.html", ladders=LADDERS, chosen=chosen if chosen in LADDERS else "sales"
    )


@bp.get("/app/pipelines/default")
@requires("agent")
def open_default():
    """The board that most people want."""
    row = catalog.default()
    return redirect(url_for("pipeline.show", pipeline_id=row.id) if row else url_for("pipeline.index"))


@bp.get("/app/pipelines/<int:pipeline_id>/board")
@requires("agent")
def show(pipeline_id: int):
    """The board; its first cards come with the page, so that nothing has to be waited for twice."""
    query = wanted_board()
    found = board.show(me(), pipeline_id, query.filter(), query.sort, FIRST_CARDS)
    columns = [presenting.column(item, query.cursor_of(item.after)) for item in found.stages]
    first = {"pipeline": presenting.pipeline(found.pipeline), "stages": columns, **presenting.money(found)}
    return render_template(
        "pipeline/board.html",
        pipeline=found.pipeline,
        first=first,
        query=query,
        pipelines=catalog.all_pipelines(),
        agents=choices.agents(),
        labels=labels.all_labels(),
        channels=sorted(CHANNELS),
        views=views.of_user(me(), pipeline_id),
    )


def wanted_board() -> BoardQuery:
    """The filter of the address. What cannot be read is left out: an old bookmark still opens."""
    given = {name: value for name, value in request.args.items() if value}
    given = {name: value for name, value in given.items() if name not in ("cursor", "stage_id", "limit")}
    while True:
        try:
            return BoardQuery.model_validate(given)
        except ValidationError as error:
            for finding in error.errors():
                given.pop(str(finding["loc"][0]), None)


@bp.get("/app/pipelines/cards/<int:conversation_id>")
@requires("agent")
def show_side(conversation_id: int):
    """A card's conversation beside the board: the thread, its deal, where it has been."""
    row = inbox.opened(me(), conversation_id)
    pipeline = catalog.get(row.pipeline_id) if row.pipeline_id else None
    return render_template(
        "pipeline/_side.html",
        row=row,
        card=cards.card(row.id),
        pipeline=pipeline,
        stages=stages.of_pipelines([pipeline.id]) if pipeline else [],
        thread=threads.latest(row, limit=30),
        moves=history.page(row.id, limit=20)[:20],
    )


@bp.get("/app/pipelines/chooser/<int:conversation_id>")
@requires("agent")
def show_chooser(conversation_id: int):
    """The inbox's menu: onto which pipeline, or to which stage."""
    row = inbox.opened(me(), conversation_id)
    rows = [item for item in catalog.all_pipelines() if item.is_active]
    found: dict[int, list[PipelineStage]] = {item.id: [] for item in rows}
    for stage in stages.of_pipelines(list(found)):
        found[stage.pipeline_id].append(stage)
    return render_template("pipeline/_chooser.html", row=row, pipelines=rows, stages=found)


@bp.get("/app/pipelines/<int:pipeline_id>/edit")
@requires("admin")
def edit(pipeline_id: int):
    row = catalog.get(pipeline_id)
    found = stages.of_pipelines([row.id])
    offered = {
        "agents": choices.agents(),
        "divisions": choices.divisions(),
        "labels": [{"id": item.id, "name": item.name} for item in labels.all_labels()],
        "channels": sorted(CHANNELS),
        "stages": choices.stages(),
        "templates": templates.choices(),
    }
    return render_template(
        "pipeline/edit.html",
        pipeline=row,
        version=edits.version_of(catalog.editable(row)),
        stages=[presenting.stage(stage) for stage in found],
        others=[item for item in catalog.all_pipelines() if item.id != row.id],
        currencies=[(code, code) for code in catalog.CURRENCIES],
        icons=icon_names(),
        choices=offered,
    )
