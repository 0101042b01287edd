"""The two walls between organizations.

First wall: the session adds `organization_id = …` to every ORM statement by itself and checks what
is flushed. Second wall: each transaction runs as a role that owns nothing, with the tenant set, and
PostgreSQL's row-level security refuses the rest. With no organization chosen, tenant tables raise.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from sqlalchemy import ForeignKeyConstraint, Integer, Table, event
from sqlalchemy.orm import Mapped, ORMExecuteState, Session, mapped_column, with_loader_criteria
from sqlalchemy.sql import visitors

from cloudchat.extensions import db
from cloudchat.patience import statement_timeout

APP_ROLE = "cloudchat_app"  # sees the rows of one tenant
LOCK_PATIENCE = "5s"  # a row that somebody holds for longer must not hold up all who come after
READER_ROLE = "cloudchat_reader"  # reads every tenant; never writes to tenant tables


class TenancyError(RuntimeError):
    """A programming error: a tenant table was touched outside its organization."""


@dataclass(frozen=True)
class Scope:
    """Whose rows may be seen: one organization's, or everybody's for a stated reason."""

    organization_id: int | None
    reason: str = ""


_scope: ContextVar[Scope | None] = ContextVar("tenancy_scope", default=None)


def current_organization_id() -> int:
    """The organization that we act for; raises TenancyError where none is chosen."""
    scope = _scope.get()
    if scope is None or scope.organization_id is None:
        raise TenancyError("no organization is chosen")
    return scope.organization_id


def current_scope() -> Scope | None:
    return _scope.get()


@contextmanager
def acting_as(organization_id: int) -> Iterator[None]:
    """See and change the rows of this organization only. What is not committed inside is undone."""
    with _entered(Scope(organization_id)):
        yield


@contextmanager
def all_organizations(reason: str) -> Iterator[None]:
    """Read across organizations, for a reason that a reviewer can judge (webhook routing, login)."""
    with _entered(Scope(None, reason)):
        yield


@contextmanager
def _entered(scope: Scope) -> Iterator[None]:
    outer = _scope.get()
    if outer is not None and outer.organization_id == scope.organization_id:
        yield
        return
    _fresh_session()
    token = _scope.set(scope)
    try:
        yield
    finally:
        db.session.remove()
        _scope.reset(token)


def _fresh_session() -> None:
    """Rows that were loaded for one tenant must not stay in the identity map of the next."""
    session = db.session()
    if session.new or session.dirty or session.deleted or session.info.get("wrote"):
        raise TenancyError("the organization is switched with unsaved changes")
    db.session.remove()


class TenantScoped:
    """A table whose rows belong to one organization."""

    organization_id: Mapped[int] = mapped_column(Integer, nullable=False)


def tenant_fk(column: str, table: str, ondelete: str = "CASCADE") -> ForeignKeyConstraint:
    """A foreign key that also compares the organization, so that no row can point across tenants."""
    if ondelete == "SET NULL":
        ondelete = f"SET NULL ({column})"
    return ForeignKeyConstraint(
        ["organization_id", column], [f"{table}.organization_id", f"{table}.id"], ondelete=ondelete
    )


def organization_fk() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["organization_id"], ["organizations.id"], ondelete="CASCADE")


@event.listens_for(Session, "do_orm_execute")
def _add_tenant_criteria(state: ORMExecuteState) -> None:
    scope = _scope.get()
    writes = state.is_insert or state.is_update or state.is_delete
    if scope is None or (writes and scope.organization_id is None):
        if _touches_tenants(state.statement):
            done = "changed" if writes else "read"
            raise TenancyError(f"a tenant table is {done} with no organization chosen")
    elif scope.organization_id is not None and state.is_orm_statement and not state.is_insert:
        _narrow(state, scope.organization_id)
    if writes:
        state.session.info["wrote"] = True


def _narrow(state: ORMExecuteState, organization_id: int) -> None:
    state.statement = state.statement.options(
        with_loader_criteria(
            TenantScoped, lambda cls: cls.organization_id == organization_id, include_aliases=True
        )
    )


def _touches_tenants(statement) -> bool:
    """Whether it names a tenant table anywhere: entity lists leave counts and subqueries out."""
    return any(
        isinstance(element, Table) and "organization_id" in element.columns
        for element in visitors.iterate(statement)
    )


@event.listens_for(Session, "before_flush")
def _check_flushed(session: Session, _context, _instances) -> None:
    scope = _scope.get()
    for row in (*session.new, *session.dirty, *session.deleted):
        if not isinstance(row, TenantScoped):
            continue
        if scope is None or scope.organization_id is None:
            raise TenancyError(f"{type(row).__name__} is saved with no organization chosen")
        if row.organization_id is None:
            row.organization_id = scope.organization_id
        elif row.organization_id != scope.organization_id:
            raise TenancyError(f"{type(row).__name__} belongs to another organization")


@event.listens_for(Session, "after_flush")
def _note_write(session: Session, _context) -> None:
    session.info["wrote"] = True


@event.listens_for(Session, "after_transaction_end")
def _forget_write(session: Session, transaction) -> None:
    if transaction.parent is None:
        session.info.pop("wrote", None)


@event.listens_for(Session, "after_begin")
def _set_tenant(_session: Session, transaction, connection) -> None:
    if transaction.nested:
        return
    scope = _scope.get()
    across = scope is not None and scope.organization_id is None
    tenant = "" if scope is None or across else str(scope.organization_id)
    connection.exec_driver_sql(
        "select set_config('role', %s, true), set_config('app.tenant_id', %s, true), "
        "set_config('lock_timeout', %s, true), set_config('statement_timeout', %s, true)",
        (READER_ROLE if across else APP_ROLE, tenant, LOCK_PATIENCE, statement_timeout()),
    )
