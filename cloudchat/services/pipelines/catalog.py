"""Pipelines as admins keep them, and as everybody finds them."""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from cloudchat.errors import Conflict, Invalid, NotFound
from cloudchat.events import PipelineChanged, publish
from cloudchat.extensions import db, now
from cloudchat.models import Conversation, Pipeline, PipelineStage
from cloudchat.services import audit, edits
from cloudchat.services.accounts import Identity
from cloudchat.services.labels import COLOR
from cloudchat.services.pipelines import ladder_steps, shifting, stage_fields, stages
from cloudchat.services.pipelines.cards import SYSTEM, Actor
from cloudchat.services.pipelines.ladders import LADDERS, USUAL
from cloudchat.services.visibility import visible_to

MOST_PIPELINES = 100
ONLY_ONE = ("is_default", "takes_new")  # what one pipeline of the organization has at most
MAX_DESCRIPTION = 1000
CURRENCIES = ("IDR", "USD", "SGD", "MYR", "EUR", "AUD", "JPY", "THB")


@dataclass(frozen=True)
class Summary:
    """What the list's card of a pipeline says: counts per stage, as far as the caller may see."""

    pipeline: Pipeline
    stages: list[PipelineStage]
    counts: dict[int, int]
    value: Decimal

    @property
    def open_count(self) -> int:
        return sum(self.counts.get(stage.id, 0) for stage in self.stages if stage.kind == "open")

    def count_of(self, kind: str) -> int:
        return sum(self.counts.get(stage.id, 0) for stage in self.stages if stage.kind == kind)


def get(pipeline_id: int) -> Pipeline:
    found = db.session.get(Pipeline, pipeline_id)
    if found is None or found.archived_at is not None:
        raise NotFound("pipeline")
    return found


def all_pipelines() -> list[Pipeline]:
    return list(
        db.session.scalars(
            select(Pipeline).where(Pipeline.archived_at.is_(None)).order_by(Pipeline.position, Pipeline.id)
        )
    )


def page(after: tuple[int, int] | None, limit: int) -> list[Pipeline]:
    """Pipelines in their order; one more than `limit` where there is a next page."""
    statement = select(Pipeline).where(Pipeline.archived_at.is_(None))
    if after:
        position, row_id = after
        statement = statement.where(
            (Pipeline.position > position) | ((Pipeline.position == position) & (Pipeline.id > row_id))
        )
    return list(db.session.scalars(statement.order_by(Pipeline.position, Pipeline.id).limit(limit + 1)))


def summaries(identity: Identity, rows: list[Pipeline]) -> list[Summary]:
    """Pipelines with their stages and counts, in two statements however many there are."""
    ids = [row.id for row in rows]
    by_pipeline: dict[int, list[PipelineStage]] = {row_id: [] for row_id in ids}
    for stage in stages.of_pipelines(ids):
        by_pipeline[stage.pipeline_id].append(stage)
    counts: dict[int, int] = {}
    values: dict[int, Decimal] = dict.fromkeys(ids, Decimal(0))
    open_ids = {stage.id for found in by_pipeline.values() for stage in found if stage.kind == "open"}
    for row in db.session.execute(
        select(
            Conversation.pipeline_id,
            Conversation.pipeline_stage_id,
            func.count().label("cards"),
            func.coalesce(func.sum(Conversation.deal_value), 0).label("value"),
        )
        .where(Conversation.pipeline_id.in_(ids), visible_to(identity))
        .group_by(Conversation.pipeline_id, Conversation.pipeline_stage_id)
    ):
        counts[row.pipeline_stage_id] = row.cards
        if row.pipeline_stage_id in open_ids:
            values[row.pipeline_id] += row.value
    return [Summary(row, by_pipeline[row.id], counts, values[row.id]) for row in rows]


def default() -> Pipeline | None:
    """The organization's default pipeline, else its first."""
    order = (Pipeline.is_default.desc(), Pipeline.position, Pipeline.id)
    return db.session.scalar(
        select(Pipeline).where(Pipeline.archived_at.is_(None), Pipeline.is_active).order_by(*order).limit(1)
    )


# --- writing -----------------------------------------------------------------------------------


def create(values: dict, created_by: int | None, locale: str = "id") -> Pipeline:
    """A new pipeline with `stages`, else those of a ready `ladder` (sales where none is named).

    The first one of an organization is its default.
    """
    ladder = LADDERS.get(values.get("ladder") or USUAL)
    if ladder is None:
        raise Invalid("pipeline", fields={"ladder": ["unknown"]})
    given = values.get("stages")
    count = db.session.scalar(select(func.count(Pipeline.id)).where(Pipeline.archived_at.is_(None)))
    if count >= MOST_PIPELINES:
        raise Conflict("too_many_pipelines", code="too_many_pipelines")
    row = Pipeline(created_by=created_by, position=count)
    if values.get("ladder"):
        values = {"name": ladder.name(locale), "icon": ladder.icon, "color": ladder.color} | values
    _apply(row, values)
    row.is_default = row.takes_new = False
    db.session.add(row)
    db.session.flush()
    ladder_steps.add_all(row, ladder.stages(locale) if given is None else given)
    if values.get("is_default") or count == 0:
        _make_only(row, "is_default")
    if values.get("takes_new"):
        _make_only(row, "takes_new")
    audit.record("pipeline.created", row, name=row.name)
    publish(PipelineChanged(row.organization_id, row.id))
    db.session.commit()
    return row


def editable(row: Pipeline) -> dict:
    """What people change of a pipeline itself."""
    plain = ("name", "description", "icon", "color", "currency", "is_active", "hide_resolved")
    return {name: getattr(row, name) for name in (*plain, *ONLY_ONE)}


def change(
    pipeline_id: int,
    values: dict,
    lines: list[dict] | None = None,
    actor: Actor = SYSTEM,
    expected: str | None = None,
) -> Pipeline:
    """Change what is named; `is_default: true` takes it from the one that had it, and so `takes_new`.
    `lines` are the stages as a form has them: all of it is saved, or nothing. Raises Conflict where
    somebody else has changed the same since the version `expected`."""
    row = get(pipeline_id) if lines is None else ladder_steps.hold(pipeline_id)
    edits.check(row, editable, edits.clean(values), expected)
    before = {name: getattr(row, name) for name in ("name", "is_active", *ONLY_ONE)}
    _apply(row, values)
    for flag in ONLY_ONE:
        if values.get(flag) and not getattr(row, flag):
            _make_only(row, flag)
        elif values.get(flag) is False:
            setattr(row, flag, False)
    after = {name: getattr(row, name) for name in before}
    done = {} if lines is None else stages.set_lines(row, lines, actor)
    more = {"stages": done} if done else {}
    audit.record("pipeline.changed", row, name=row.name, before=before, after=after, **more)
    publish(PipelineChanged(row.organization_id, row.id))
    db.session.commit()
    return row


def archive(pipeline_id: int, actor: Actor, move_to_stage_id: int | None = None, force: bool = False) -> None:
    """Take a pipeline away. One with cards is refused, unless they go to a stage of another pipeline,
    or (`force`) simply leave the board. History stays for the analytics."""
    row = ladder_steps.hold(pipeline_id)
    target = stages.get(move_to_stage_id) if move_to_stage_id is not None else None
    if target is not None and target.pipeline_id == row.id:
        raise Invalid("pipeline", fields={"move_to_stage_id": ["same_pipeline"]})
    ladder_steps.lock([*stages.of_pipelines([row.id]), *([target] if target else [])])
    cards = db.session.scalar(select(func.count(Conversation.id)).where(Conversation.pipeline_id == row.id))
    if cards and target is None and not force:
        raise Conflict("pipeline_has_cards", code="pipeline_has_cards", extra={"cards": cards})
    if cards:
        shifting.shift(Conversation.pipeline_id == row.id, target, actor)
    row.archived_at, row.is_default, row.takes_new = now(), False, False
    db.session.execute(
        update(PipelineStage)
        .where(PipelineStage.pipeline_id == row.id, PipelineStage.archived_at.is_(None))
        .values(archived_at=now())
    )
    audit.record("pipeline.deleted", row, name=row.name, cards=cards)
    publish(PipelineChanged(row.organization_id, row.id))
    if target is not None:
        publish(PipelineChanged(row.organization_id, target.pipeline_id))
    db.session.commit()


def reorder(ids: list[int]) -> None:
    """Set the order of the list; every pipeline has to be named once."""
    rows = {row.id: row for row in all_pipelines()}
    if sorted(ids) != sorted(rows):
        raise Invalid("pipelines", fields={"ids": ["order_incomplete"]})
    for position, row_id in enumerate(ids):
        rows[row_id].position = position
    db.session.commit()


def _make_only(row: Pipeline, flag: str) -> None:
    """Set what one pipeline of the organization has at most. Raises Conflict where somebody gives it
    to another one at this moment."""
    column = getattr(Pipeline, flag)
    try:
        with db.session.begin_nested():
            db.session.execute(
                update(Pipeline)
                .where(column, Pipeline.id != row.id)
                .values({flag: False})
                .execution_options(synchronize_session="fetch")
            )
            setattr(row, flag, True)
            db.session.flush()
    except IntegrityError:
        raise Conflict("changed_meanwhile", code="changed_meanwhile") from None


def _apply(row: Pipeline, values: dict) -> None:
    name = str(values.get("name", row.name) or "").strip()
    description = str(values.get("description", row.description) or "").strip()
    currency = str(values.get("currency") or row.currency or CURRENCIES[0]).upper()
    errors = {}
    if not name or len(name) > 255:
        errors["name"] = ["required" if not name else "too_long"]
    if len(description) > MAX_DESCRIPTION:
        errors["description"] = ["too_long"]
    if values.get("color") and not COLOR.fullmatch(str(values["color"])):
        errors["color"] = ["color_invalid"]
    if values.get("icon") and not stage_fields.ICON.fullmatch(str(values["icon"])):
        errors["icon"] = ["unknown"]
    if currency not in CURRENCIES:
        errors["currency"] = ["currency_unknown"]
    if errors:
        raise Invalid("pipeline", fields=errors)
    row.name, row.description, row.currency = name, description or None, currency
    for field in ("color", "icon"):
        if field in values:
            setattr(row, field, values[field] or None)
    for field in ("is_active", "hide_resolved"):
        if values.get(field) is not None:
            setattr(row, field, bool(values[field]))
