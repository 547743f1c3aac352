"""The HTTP API: analyse, reports, versions, health, Alertmanager's webhook; described by ``/openapi.json``.

Every path but ``/health`` and the description wants the token. One analysis runs at a time; more than ``MOST_WAITING`` that
wait are refused with 503.
"""

import asyncio
import hmac
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from openstack_rca import __version__
from openstack_rca.errors import LogPathNotFound, OpenStackRcaError, ReportNotFound
from openstack_rca.service import alerts, outside_questions
from openstack_rca.service.reports import one_line
from openstack_rca.settings import Settings

LARGEST_BODY = 1024 * 1024
MOST_WAITING = 20
LOG = logging.getLogger(__name__)


class AnalysisWish(BaseModel):
    """The body of ``POST /analyses``."""

    model_config = ConfigDict(extra="forbid")

    logs: str = Field(min_length=1, max_length=4000, description="Paths or globs below an open folder, one a line.")
    issue: str = Field(default="", max_length=2000, description="What is wrong; may be empty.")
    since: str = Field(default="", max_length=60, description="ISO 8601, 04:17 or 10m.")
    until: str = Field(default="", max_length=60)


class Refused(Exception):
    """A request is refused: HTTP status, and a sentence that says why."""

    def __init__(self, status: int, told: str) -> None:
        super().__init__(told)
        self.status, self.told = status, told


class Api:
    """The paths of the API.

    ``token`` is what callers send as ``Authorization: Bearer``; ``alert_logs`` is analysed for an alert, else the open folders.
    """

    def __init__(self, settings: Settings, token: str, alert_logs: str = "") -> None:
        self.settings, self.token = settings, token
        self.alert_logs = alert_logs or "\n".join(str(root) for root in settings.log_root_folders)
        self.turn = asyncio.Lock()
        self.waiting = 0
        self.background: set[asyncio.Task[None]] = set()

    def app(self) -> Starlette:
        """The application with all its paths."""
        return Starlette(
            routes=[
                Route("/health", self.open(self.health), methods=["GET"]),
                Route("/openapi.json", self.open(self.description), methods=["GET"]),
                Route("/analyses", self.closed(self.analyse), methods=["POST"]),
                Route("/reports", self.closed(self.reports), methods=["GET"]),
                Route("/reports/{id}", self.closed(self.report), methods=["GET"]),
                Route("/versions", self.closed(self.versions), methods=["GET"]),
                Route("/alerts", self.closed(self.alert), methods=["POST"]),
            ],
            exception_handlers={404: _no_such_path, 405: _no_such_path},
            lifespan=self.lifespan,
        )

    @asynccontextmanager
    async def lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        """Let analyses of alerts that are under way end before the server does."""
        yield
        await asyncio.gather(*self.background, return_exceptions=True)

    def open(self, answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        """Wrap a handler: an error of this package is answered as JSON, with 404, 422 or the status of ``Refused``."""

        async def told(request: Request) -> Response:
            try:
                return await answer(request)
            except Refused as refused:
                return JSONResponse({"error": refused.told}, refused.status)
            except OpenStackRcaError as error:
                status = 404 if isinstance(error, ReportNotFound | LogPathNotFound) else 422
                return JSONResponse({"error": str(error)}, status)

        return told

    def closed(self, answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        """Wrap a handler as ``open`` does; who does not send the token is answered with 401 and nothing else."""

        async def checked(request: Request) -> Response:
            given = request.headers.get("Authorization", "").removeprefix("Bearer ")
            if not hmac.compare_digest(given.encode(), self.token.encode()):
                return JSONResponse({"error": "The token is missing or wrong."}, 401, {"WWW-Authenticate": "Bearer"})
            return await self.open(answer)(request)

        return checked

    async def health(self, _request: Request) -> Response:
        """Status, version, and the number of analyses that wait or run."""
        return JSONResponse({"status": "ok", "version": __version__, "waiting": self.waiting})

    async def description(self, _request: Request) -> Response:
        """The OpenAPI description of the API."""
        return JSONResponse(openapi())

    async def analyse(self, request: Request) -> Response:
        """Analyse, after those that wait already; answer with a short form of the report."""
        wish = await _body(request, AnalysisWish)
        report = await self._in_turn(wish.logs, wish.issue, wish.since, wish.until)
        return JSONResponse(outside_questions.brief(report))

    async def reports(self, request: Request) -> Response:
        """The newest reports; ``limit`` in the query says how many (default: 20)."""
        return JSONResponse(outside_questions.kept(self.settings, _limit(request)))

    async def report(self, request: Request) -> Response:
        """One report, whole."""
        text = await run_in_threadpool(outside_questions.report_json, request.path_params["id"], self.settings)
        return Response(text, media_type="application/json")

    async def versions(self, request: Request) -> Response:
        """Model versions; ``limit`` in the query says how many (default: 20)."""
        return JSONResponse(await run_in_threadpool(outside_questions.versions, self.settings, _limit(request)))

    async def alert(self, request: Request) -> Response:
        """Take a call of Alertmanager; the analysis runs afterwards, and its answer goes to the webhook."""
        call = await _body(request, alerts.AlertCall)
        if not call.firing:
            return JSONResponse({"accepted": False, "reason": "nothing fires"}, 200)
        self._require_room()
        task = asyncio.create_task(self._answer_alert(call))
        self.background.add(task)
        task.add_done_callback(self.background.discard)
        return JSONResponse({"accepted": True}, 202)

    async def _answer_alert(self, call: alerts.AlertCall) -> None:
        start, end = alerts.window_of(call, datetime.now(UTC))
        try:
            report = await self._in_turn(self.alert_logs, alerts.issue_of(call), start.isoformat(), end.isoformat())
            if self.settings.answer_webhook:
                await run_in_threadpool(alerts.post_answer, report, call, self.settings)
        except OpenStackRcaError as error:
            LOG.warning("%s", one_line(f"The alert {call.group_key[:200]} was not answered. {error}"))

    async def _in_turn(self, logs: str, issue: str, since: str, until: str) -> Any:
        self._require_room()
        self.waiting += 1
        try:
            async with self.turn:
                return await run_in_threadpool(outside_questions.ask_logs, logs, issue, self.settings, since, until)
        finally:
            self.waiting -= 1

    def _require_room(self) -> None:
        if self.waiting >= MOST_WAITING:
            raise Refused(503, f"{self.waiting} analyses wait already. Ask again later.")


async def _no_such_path(_request: Request, _error: Exception) -> Response:
    return JSONResponse({"error": "There is no such path; /openapi.json describes those that are."}, 404)


async def _body(request: Request, model: type[Any]) -> Any:
    taken = bytearray()
    async for part in request.stream():
        taken += part
        if len(taken) > LARGEST_BODY:
            raise Refused(413, f"The body is larger than {LARGEST_BODY} bytes.")
    try:
        return model.model_validate_json(bytes(taken))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the body"
        raise Refused(400, f"{where}: {first['msg']}.") from None


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", "20")
    if not text.isdecimal() or len(text) > 4:
        raise Refused(400, "limit is no whole number from 0 to 9999.")
    return int(text)


def openapi() -> dict[str, Any]:
    """The description of the API, OpenAPI 3.1."""

    def path(
        summary: str, body: str = "", answers: dict[str, str] | None = None, *, is_open: bool = False
    ) -> dict[str, Any]:
        told = {"200": "Done."} | (answers or {}) | ({} if is_open else {"401": "No token, or a wrong one."})
        made: dict[str, Any] = {
            "summary": summary,
            "responses": {code: {"description": text} for code, text in told.items()},
        }
        if body:
            content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{body}"}}}
            made["requestBody"] = {"required": True, "content": content}
        return made | ({"security": []} if is_open else {})

    limit = [{"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 200}}]
    id_ = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[0-9a-f]{12}$"}}]
    refused = {
        "400": "The body is not as described.",
        "422": "It cannot be done; the sentence says why.",
        "503": "Busy.",
    }
    schemas: dict[str, Any] = {}
    for model in (AnalysisWish, alerts.AlertCall):
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= schema.pop("$defs", {}) | {model.__name__: schema}
    found: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "OpenStack RCA", "version": __version__},
        "security": [{"token": []}],
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}, "schemas": schemas},
        "paths": {
            "/health": {"get": path("Whether the server answers.", is_open=True)},
            "/analyses": {
                "post": path("Find the root cause in logs.", "AnalysisWish", refused | {"404": "No such logs."})
            },
            "/reports": {"get": path("The newest reports.") | {"parameters": limit}},
            "/reports/{id}": {"get": path("One report.", answers={"404": "There is none."}) | {"parameters": id_}},
            "/versions": {"get": path("Versions of the model.") | {"parameters": limit}},
            "/alerts": {
                "post": path("Webhook of Alertmanager.", "AlertCall", refused | {"202": "It is analysed now."})
            },
        },
    }
    return dict(json.loads(json.dumps(found)))
