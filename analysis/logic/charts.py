"""Builders of Vega-Lite v6 specifications with inline data.

Every chart has a title, a one-sentence description (read out by screen readers) and labelled axes.
Colours are left to the renderer's theme.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analysis.contracts import Chart, json_safe

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
MAX_POINTS = 5_000


def chart(
    id: str,
    title: str,
    description: str,
    data: Sequence[Mapping[str, Any]],
    body: Mapping[str, Any],
) -> Chart:
    """A chart from a Vega-Lite body (mark/encoding/layer/...) and its rows.

    Raises ValueError above MAX_POINTS rows: aggregate before drawing.
    """
    if len(data) > MAX_POINTS:
        raise ValueError(f"chart {id!r} would carry {len(data)} rows inline; aggregate first")
    spec = {
        "$schema": SCHEMA,
        "title": title,
        "description": description,
        "data": {"values": json_safe(list(data))},
        **json_safe(body),
    }
    return Chart(id, title, description, spec)


def field(name: str, kind: str, title: str | None = None, **extra: Any) -> dict[str, Any]:
    """Encoding of a data field; kind is quantitative, nominal, ordinal or temporal."""
    encoding: dict[str, Any] = {"field": name, "type": kind}
    if title is not None:
        encoding["title"] = title
    return encoding | extra


def bars(
    id: str,
    title: str,
    description: str,
    data: Sequence[Mapping[str, Any]],
    *,
    category: str,
    value: str,
    category_title: str,
    value_title: str,
    colour: str | None = None,
    colour_title: str | None = None,
    stack: str | bool | None = None,
    value_format: str | None = None,
    low: str | None = None,
    high: str | None = None,
    keep_order: bool = True,
) -> Chart:
    """Horizontal bars, one per category; `colour` makes groups, `low`/`high` draw interval whiskers."""
    y = field(category, "nominal", category_title, sort=None if keep_order else "-x")
    axis = {"axis": {"format": value_format}} if value_format else {}
    x: dict[str, Any] = field(value, "quantitative", value_title, **axis)
    encoding: dict[str, Any] = {"y": y, "x": x}
    if colour is not None:
        encoding["color"] = field(colour, "nominal", colour_title, sort=None)
        if stack is not None:
            x["stack"] = stack
        else:
            encoding["yOffset"] = field(colour, "nominal", sort=None)
    tooltip = [y | {}, {"field": value, "type": "quantitative", "title": value_title}]
    if value_format:
        tooltip[1]["format"] = value_format
    if colour is not None:
        tooltip.insert(1, field(colour, "nominal", colour_title))
    tooltip[0].pop("sort", None)
    layer: list[dict[str, Any]] = [
        {"mark": {"type": "bar", "cornerRadiusEnd": 2}, "encoding": {**encoding, "tooltip": tooltip}}
    ]
    if low is not None and high is not None:
        whisker = {k: v for k, v in encoding.items() if k in ("y", "yOffset")}
        layer.append(
            {
                "mark": {"type": "rule"},
                "encoding": {
                    **whisker,
                    "x": {"field": low, "type": "quantitative", "title": value_title},
                    "x2": {"field": high},
                },
            }
        )
    return chart(id, title, description, data, {"layer": layer} if len(layer) > 1 else layer[0])


def intervals(
    id: str,
    title: str,
    description: str,
    data: Sequence[Mapping[str, Any]],
    *,
    category: str,
    value: str,
    low: str,
    high: str,
    category_title: str,
    value_title: str,
    reference: float | None = None,
    colour: str | None = None,
    colour_title: str | None = None,
) -> Chart:
    """Point estimates with confidence intervals (forest plot), one row per category."""
    y = field(category, "nominal", category_title, sort=None)
    shared: dict[str, Any] = {"y": y}
    if colour is not None:
        shared["color"] = field(colour, "nominal", colour_title, sort=None)
        shared["yOffset"] = field(colour, "nominal", sort=None)
    x = field(value, "quantitative", value_title, scale={"zero": False})
    layer: list[dict[str, Any]] = [
        {
            "mark": {"type": "rule"},
            "encoding": {
                **shared,
                "x": field(low, "quantitative", value_title, scale={"zero": False}),
                "x2": {"field": high},
            },
        },
        {
            "mark": {"type": "point", "filled": True, "size": 60},
            "encoding": {
                **shared,
                "x": x,
                "tooltip": [
                    field(category, "nominal", category_title),
                    field(value, "quantitative", value_title),
                    field(low, "quantitative", "Low"),
                    field(high, "quantitative", "High"),
                ],
            },
        },
    ]
    if reference is not None:
        layer.insert(
            0, {"mark": {"type": "rule", "strokeDash": [4, 4]}, "encoding": {"x": {"datum": reference}}}
        )
    return chart(id, title, description, data, {"layer": layer})


def heatmap(
    id: str,
    title: str,
    description: str,
    data: Sequence[Mapping[str, Any]],
    *,
    x: str,
    y: str,
    value: str,
    x_title: str,
    y_title: str,
    value_title: str,
    diverging: bool = False,
    domain: tuple[float, float] | None = None,
    value_format: str = ".2f",
) -> Chart:
    """A coloured cell per pair, with the figure written in it."""
    scale: dict[str, Any] = {"scheme": "blueorange" if diverging else "blues"}
    if domain is not None:
        scale["domain"] = list(domain)
    if diverging:
        scale["domainMid"] = 0
    position = {"x": field(x, "nominal", x_title, sort=None), "y": field(y, "nominal", y_title, sort=None)}
    body = {
        "encoding": position,
        "layer": [
            {
                "mark": {"type": "rect"},
                "encoding": {
                    "color": field(value, "quantitative", value_title, scale=scale),
                    "tooltip": [
                        field(y, "nominal", y_title),
                        field(x, "nominal", x_title),
                        field(value, "quantitative", value_title, format=value_format),
                    ],
                },
            },
            {
                "mark": {"type": "text"},
                "encoding": {"text": field(value, "quantitative", format=value_format)},
            },
        ],
    }
    return chart(id, title, description, data, body)


def histogram(
    id: str,
    title: str,
    description: str,
    edges: Sequence[float],
    counts: Sequence[float],
    *,
    value_title: str,
    count_title: str = "Rows",
) -> Chart:
    """Bars between consecutive bin edges; len(edges) == len(counts) + 1."""
    data = [
        {"low": float(edges[i]), "high": float(edges[i + 1]), "count": float(count)}
        for i, count in enumerate(counts)
    ]
    body = {
        "mark": {"type": "bar"},
        "encoding": {
            "x": field("low", "quantitative", value_title, bin={"binned": True}),
            "x2": {"field": "high"},
            "y": field("count", "quantitative", count_title),
            "tooltip": [
                field("low", "quantitative", "From"),
                field("high", "quantitative", "To"),
                field("count", "quantitative", count_title),
            ],
        },
    }
    return chart(id, title, description, data, body)


def lines(
    id: str,
    title: str,
    description: str,
    data: Sequence[Mapping[str, Any]],
    *,
    x: str,
    y: str,
    x_title: str,
    y_title: str,
    x_kind: str = "quantitative",
    colour: str | None = None,
    colour_title: str | None = None,
    low: str | None = None,
    high: str | None = None,
    points: bool = True,
    zero: bool = False,
) -> Chart:
    """Lines over an ordered axis, with an optional band from `low` to `high`."""
    horizontal = field(x, x_kind, x_title, **({"sort": None} if x_kind in ("nominal", "ordinal") else {}))
    encoding: dict[str, Any] = {"x": horizontal, "y": field(y, "quantitative", y_title, scale={"zero": zero})}
    band: dict[str, Any] = {"x": horizontal}
    if colour is not None:
        encoding["color"] = field(colour, "nominal", colour_title, sort=None)
        band["color"] = encoding["color"]
    encoding["tooltip"] = [
        *([field(colour, "nominal", colour_title)] if colour is not None else []),
        field(x, x_kind, x_title),
        field(y, "quantitative", y_title),
    ]
    line = {"mark": {"type": "line", "point": points}, "encoding": encoding}
    if low is None or high is None:
        return chart(id, title, description, data, line)
    area = {
        "mark": {"type": "area", "opacity": 0.2},
        "encoding": {
            **band,
            "y": field(low, "quantitative", y_title, scale={"zero": zero}),
            "y2": {"field": high},
        },
    }
    return chart(id, title, description, data, {"layer": [area, line]})


def scatter(
    id: str,
    title: str,
    description: str,
    data: Sequence[Mapping[str, Any]],
    *,
    x: str,
    y: str,
    x_title: str,
    y_title: str,
    label: str | None = None,
    colour: str | None = None,
    colour_title: str | None = None,
    x_reference: float | None = None,
    y_reference: float | None = None,
) -> Chart:
    """Points, optionally labelled, with optional reference lines (quadrant maps)."""
    encoding: dict[str, Any] = {
        "x": field(x, "quantitative", x_title, scale={"zero": False}),
        "y": field(y, "quantitative", y_title, scale={"zero": False}),
    }
    if colour is not None:
        encoding["color"] = field(colour, "nominal", colour_title, sort=None)
    tooltip = [field(x, "quantitative", x_title), field(y, "quantitative", y_title)]
    if label is not None:
        tooltip.insert(0, {"field": label, "type": "nominal"})
    layer: list[dict[str, Any]] = [
        {"mark": {"type": "point", "filled": True}, "encoding": {**encoding, "tooltip": tooltip}}
    ]
    if label is not None:
        layer.append(
            {
                "mark": {"type": "text", "align": "left", "dx": 7},
                "encoding": {**encoding, "text": {"field": label, "type": "nominal"}},
            }
        )
    for axis, reference in (("x", x_reference), ("y", y_reference)):
        if reference is not None:
            layer.append(
                {"mark": {"type": "rule", "strokeDash": [4, 4]}, "encoding": {axis: {"datum": reference}}}
            )
    return chart(id, title, description, data, {"layer": layer} if len(layer) > 1 else layer[0])
