"""The pipeline API: pipelines, stages, the board."""

from spectree import Response as Answers

from blueprints.pipeline import bp
from blueprints.pipeline.schemas import (
    AutomationTrial,
    BoardCardsQuery,
    BoardQuery,
    NewBoardView,
    NewPipeline,
    OrderBody,
    PipelineChange,
    PipelineQuery,
    RemovalQuery,
    StageBody,
    StageChange,
)
from cloudchat.models import PipelineStage
from cloudchat.services import secrets
from cloudchat.services.pipelines import board, catalog, presenting, stages, views
from cloudchat.services.pipelines.automation import trying
from cloudchat.services.pipelines.cards import actor_of
from cloudchat.services.visibility import get_visible
from cloudchat.web import api, decode_cursor, encode_cursor, me, requires

OK = Answers("HTTP_200", "HTTP_401", "HTTP_404", "HTTP_422")
DONE = Answers("HTTP_200", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_409", "HTTP_422")
MADE = Answers("HTTP_201", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_409", "HTTP_422")
GONE = Answers("HTTP_204", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_409", "HTTP_422")


# --- pipelines ---------------------------------------------------------------------------------


@bp.get("/api/app/pipelines")
@requires("agent")
@api.validate(query=PipelineQuery, resp=OK, tags=["pipelines"])
def list_pipelines(query: PipelineQuery):
    rows = catalog.page(decode_cursor(query.cursor, int, int), query.limit)
    next_cursor = None
    if len(rows) > query.limit:
        rows = rows[: query.limit]
        next_cursor = encode_cursor(rows[-1].position, rows[-1].id)
    found = catalog.summaries(me(), rows)
    return {"items": [presenting.summary(item) for item in found], "next_cursor": next_cursor}


@bp.post("/api/app/pipelines")
@requires("admin")
@api.validate(json=NewPipeline, resp=MADE, tags=["pipelines"])
def create_pipeline(json: NewPipeline):
    row = catalog.create(json.values(), me().author_id, me().locale)
    return _summary(row), 201


@bp.get("/api/app/pipelines/<int:pipeline_id>")
@requires("agent")
@api.validate(resp=OK, tags=["pipelines"])
def show_pipeline(pipeline_id: int):
    return _summary(catalog.get(pipeline_id))


@bp.put("/api/app/pipelines/<int:pipeline_id>")
@requires("admin")
@api.validate(json=PipelineChange, resp=DONE, tags=["pipelines"])
def change_pipeline(pipeline_id: int, json: PipelineChange):
    return _summary(catalog.change(pipeline_id, json.changes(), expected=json.expected()))


@bp.delete("/api/app/pipelines/<int:pipeline_id>")
@requires("admin")
@api.validate(query=RemovalQuery, resp=GONE, tags=["pipelines"])
def delete_pipeline(pipeline_id: int, query: RemovalQuery):
    catalog.archive(pipeline_id, actor_of(me()), query.move_to_stage_id, query.force)
    return "", 204


@bp.put("/api/app/pipelines/reorder")
@requires("admin")
@api.validate(json=OrderBody, resp=DONE, tags=["pipelines"])
def reorder_pipelines(json: OrderBody):
    catalog.reorder(json.ids)
    return {"ids": json.ids}


def _summary(row) -> dict:
    [found] = catalog.summaries(me(), [row])
    return presenting.summary(found)


# --- stages ------------------------------------------------------------------------------------


@bp.post("/api/app/pipelines/<int:pipeline_id>/stages")
@requires("admin")
@api.validate(json=StageBody, resp=MADE, tags=["pipelines"])
def create_stage(pipeline_id: int, json: StageBody):
    row = stages.add(pipeline_id, json.values())
    return presenting.stage(row, _made_secrets(row, [])), 201


@bp.put("/api/app/pipelines/stages/<int:stage_id>")
@requires("admin")
@api.validate(json=StageChange, resp=DONE, tags=["pipelines"])
def change_stage(stage_id: int, json: StageChange):
    """Rules are replaced as a whole; one that keeps its `id` keeps its secret."""
    before = [rule["id"] for rule in stages.get(stage_id).automation_actions or []]
    row = stages.change(stage_id, json.changes(), json.expected())
    return presenting.stage(row, _made_secrets(row, before))


def _made_secrets(row: PipelineStage, before: list[str]) -> dict[str, str]:
    """Signing secrets of webhooks that are new, shown this once."""
    return {
        rule["id"]: secrets.decrypt(rule["with"]["secret"])["secret"]
        for rule in row.automation_actions or []
        if rule["do"] == "webhook" and rule["id"] not in before
    }


@bp.delete("/api/app/pipelines/stages/<int:stage_id>")
@requires("admin")
@api.validate(query=RemovalQuery, resp=GONE, tags=["pipelines"])
def delete_stage(stage_id: int, query: RemovalQuery):
    stages.archive(stage_id, actor_of(me()), query.move_to_stage_id)
    return "", 204


@bp.put("/api/app/pipelines/<int:pipeline_id>/stages/reorder")
@requires("admin")
@api.validate(json=OrderBody, resp=DONE, tags=["pipelines"])
def reorder_stages(pipeline_id: int, json: OrderBody):
    return {"items": [presenting.stage(row) for row in stages.reorder(pipeline_id, json.ids)]}


@bp.post("/api/app/pipelines/stages/<int:stage_id>/automation/test")
@requires("admin")
@api.validate(json=AutomationTrial, resp=DONE, tags=["pipelines"])
def test_automation(stage_id: int, json: AutomationTrial):
    """What the stage's rules would do with a card now; nothing is done."""
    row = get_visible(me(), json.conversation_id)
    return {"items": trying.rehearse(stages.get(stage_id), row)}


# --- the board ---------------------------------------------------------------------------------


@bp.get("/api/app/pipelines/<int:pipeline_id>/board")
@requires("agent")
@api.validate(query=BoardQuery, resp=OK, tags=["pipelines"])
def show_board(pipeline_id: int, query: BoardQuery):
    """All columns with their first cards; with `stage_id` one column, from `cursor` on."""
    if query.stage_id is not None:
        found = board.more(
            me(), pipeline_id, query.stage_id, query.filter(), query.sort, query.after(), query.limit
        )
        return {"stages": [presenting.column(found, query.cursor_of(found.after))]}
    query.after()  # one that is not ours is refused here as well
    found = board.show(me(), pipeline_id, query.filter(), query.sort, query.limit)
    columns = [presenting.column(item, query.cursor_of(item.after)) for item in found.stages]
    return {"pipeline": presenting.pipeline(found.pipeline), "stages": columns, **presenting.money(found)}


@bp.get("/api/app/pipelines/<int:pipeline_id>/cards")
@requires("agent")
@api.validate(query=BoardCardsQuery, resp=OK, tags=["pipelines"])
def show_cards(pipeline_id: int, query: BoardCardsQuery):
    """Those of `ids` that are on the board under the filter, as they are now, and the columns' totals."""
    found, totals = board.among(me(), pipeline_id, query.chosen(), query.filter())
    return {"items": found, "totals": {key: board.totals_json(value) for key, value in totals.items()}}


# --- saved views -------------------------------------------------------------------------------


def view_json(row) -> dict:
    return {"id": row.id, "name": row.name, "query": row.query}


@bp.get("/api/app/pipelines/<int:pipeline_id>/views")
@requires("agent")
@api.validate(resp=OK, tags=["pipelines"])
def list_views(pipeline_id: int):
    rows = views.of_user(me(), catalog.get(pipeline_id).id)
    return {"items": [view_json(row) for row in rows], "next_cursor": None}


@bp.post("/api/app/pipelines/<int:pipeline_id>/views")
@requires("agent")
@api.validate(json=NewBoardView, resp=MADE, tags=["pipelines"])
def create_view(pipeline_id: int, json: NewBoardView):
    return view_json(views.keep(me(), pipeline_id, json.name, json.query)), 201


@bp.delete("/api/app/pipelines/views/<int:view_id>")
@requires("agent")
@api.validate(resp=GONE, tags=["pipelines"])
def delete_view(view_id: int):
    views.forget(me(), view_id)
    return "", 204
