"""For machines that watch: alive, ready, metrics; and the API's own description."""

from flask import Response, current_app, jsonify, render_template
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from blueprints.system import bp
from cloudchat.extensions import db, redis
from cloudchat.openapi import document
from cloudchat.web import public, requires


@bp.get("/healthz")
@public("a load balancer asks whether the process lives")
def healthz():
    return {"status": "ok"}


@bp.get("/readyz")
@public("a load balancer asks whether the database and Redis answer")
def readyz():
    checks = {"database": _database_answers(), "redis": _redis_answers()}
    ready = all(checks.values())
    return {"status": "ready" if ready else "not ready", **checks}, 200 if ready else 503


def _database_answers() -> bool:
    try:
        db.session.execute(text("select 1"))
        return True
    except SQLAlchemyError:
        return False
    finally:
        db.session.remove()


def _redis_answers() -> bool:
    try:
        return bool(redis.client.ping())
    except RedisError:
        return False


@bp.get("/metrics")
@public("Prometheus; holds no customer data")
def metrics():
    return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)


@bp.get("/api/openapi.json")
@public("the API's description holds nothing secret")
def openapi():
    return jsonify(document(current_app))


@bp.get("/api/docs")
@requires("agent")
def docs():
    return render_template("system/docs.html", spec=document(current_app))
