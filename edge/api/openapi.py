"""The OpenAPI description: FastAPI's of the parameters, ours of the answers, with an example of each.

Built when somebody asks for it; the shapes and examples take no memory before."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from edge.api import assessed, explained, messageshapes, plantshapes, revised, shapes
from edge.api.problems import MEDIA_TYPE, Problem

EXAMPLES = Path(__file__).parent / "examples.json"
REFERENCE = "#/components/schemas/{name}"
JSON = "application/json"

SHAPES: dict[str, tuple[type, ...]] = {
    "assets": (shapes.Assets,),
    "status": (shapes.MachineStatus, shapes.GroupStatus),
    "timeline": (shapes.Timeline,),
    "readings": (shapes.Readings,),
    "losses": (shapes.Losses,),
    "kpis": (shapes.Kpis,),
    "kpi": (shapes.KpiAnswer,),
    "explain": (explained.Explained,),
    "revisions": (revised.Revised,),
    "corrections": (shapes.Corrections,),
    "correct": (shapes.Corrected,),
    "revoke": (shapes.Corrected,),
    "assessments": (assessed.Assessments,),
    "acknowledge": (shapes.Corrected,),
    "work_done": (shapes.Corrected,),
    "plant": (plantshapes.PlantData,),
    "plant_changes": (plantshapes.PlantChanges,),
    "plant_settings": (plantshapes.PlantSettings,),
    "change_product": (plantshapes.PlantChanged,),
    "change_shifts": (plantshapes.PlantChanged,),
    "add_exception": (plantshapes.PlantChanged,),
    "change_machines": (plantshapes.PlantChanged,),
    "change_reasons": (plantshapes.PlantChanged,),
    "revoke_change": (plantshapes.PlantChanged,),
    "rejections": (messageshapes.Rejections,),
    "events": (messageshapes.Events,),
    "message": (messageshapes.Message,),
    "live": (shapes.Live,),
    "ready": (shapes.Ready,),
}
EVENT = 'id: 4713-0\nevent: event\ndata: {"offset": 4713, "kind": "state", "state": "fault"}\n\n'
SPANS = (
    "asset,from,to,seconds,state,time_class,scheduled,external,reason,product,order,shift,stop_from,stop_to,stop_fault,"
    "stop_micro,ruling\r\ndemo/packing/l1/m001,2025-03-03T06:00:00Z,2025-03-03T06:41:07Z,2467.0,running,run,true,false,"
    ",P1,4711,early,,,,,6\r\n"
)
WINDOWS = (
    "asset,kpi,from,to,shift,date,coverage,revision,provisional,flags,values.oee,facts.run_time_s,more\r\n"
    "demo/packing/l1,oee,2025-03-03T05:00:00Z,2025-03-03T13:00:00Z,early,2025-03-03,1.0,1,true,,0.71,25380.0,\r\n"
)
TEXTS = {
    "export": ("text/csv", SPANS),
    "export_kpis": ("text/csv", WINDOWS),
    "stream": ("text/event-stream", EVENT),
    "metrics": ("text/plain", "edge_messages_received_total 4713.0\n"),
}
DESCRIPTION = """
What the machines of a plant are doing, what was lost and why. Assets are named by paths, `site/area/line/machine`; a
prefix names a line, an area or a site, and pools its machines by sums.

Times are RFC 3339 with an offset, windows are half-open: `from` is in them, `to` is not. Every error is a
`application/problem+json` that names the parameter and what would be right. Corrections lie over the
record, changes of plant data over the plant file; everything else here only reads.
"""


def describe(app: FastAPI) -> bytes:
    """The whole description as JSON."""
    document = get_openapi(
        title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes, tags=app.openapi_tags
    )
    examples = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"] = _responses(operation["operationId"], examples)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas |= _components()
    return msgspec.json.encode(document)


def _responses(operation: str, examples: dict[str, Any]) -> dict[str, Any]:
    problem = _content(MEDIA_TYPE, _reference(Problem), examples["problem"])
    if operation in TEXTS:
        media_type, example = TEXTS[operation]
        content = {media_type: {"schema": {"type": "string"}, "example": example}}
    else:
        references = [_reference(shape) for shape in SHAPES[operation]]
        schema = references[0] if len(references) == 1 else {"oneOf": references}
        content = _content(JSON, schema, examples[operation])
    responses = {"200": {"description": "The answer", "content": content}}
    if operation == "ready":
        responses["503"] = {"description": "Not ready", "content": content}
    return responses | {"default": {"description": "A problem, with the parameter to blame", "content": problem}}


def _content(media_type: str, schema: dict[str, Any], examples: dict[str, Any]) -> dict[str, Any]:
    return {media_type: {"schema": schema, "examples": {name: {"value": value} for name, value in examples.items()}}}


def _reference(shape: type) -> dict[str, str]:
    return {"$ref": REFERENCE.format(name=shape.__name__)}


def _components() -> dict[str, Any]:
    types = [shape for group in SHAPES.values() for shape in group]
    _, components = msgspec.json.schema_components([*types, Problem], ref_template=REFERENCE)
    for component in components.values():
        component["description"] = inspect.cleandoc(component.get("description", ""))
    return components
