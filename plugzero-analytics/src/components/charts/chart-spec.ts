import { chartConfig, type ChartPalette } from "./chart-theme";

/** A chart as the API sends it: a Vega-Lite specification with its rows inline. */
export interface ChartDocument {
  id: string;
  title: string;
  description: string;
  spec: Readonly<Record<string, unknown>>;
}

type Json = Readonly<Record<string, unknown>>;
export type ChartRow = Readonly<Record<string, unknown>>;

/** More categories than this on one axis are shown in pages: a chart of 5,000 bars says nothing. */
export const CATEGORIES_PER_PAGE = 40;
const POSITION_CHANNELS = ["y", "x"] as const;
const COMPOSED = ["facet", "hconcat", "vconcat", "concat", "repeat"] as const;

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function layersOf(spec: Json): Json[] {
  return Array.isArray(spec.layer) ? [spec, ...spec.layer.filter(isObject).flatMap(layersOf)] : [spec];
}

/** A channel's definition wherever in the layers it is given first. */
function channel(spec: Json, name: string): Json | undefined {
  for (const layer of layersOf(spec)) {
    const encoding = layer.encoding;
    if (isObject(encoding) && isObject(encoding[name])) return encoding[name];
  }
  return undefined;
}

function isDiscrete(definition: Json | undefined): boolean {
  return definition?.type === "nominal" || definition?.type === "ordinal";
}

function isComposed(spec: Json): boolean {
  return COMPOSED.some((key) => key in spec);
}

export function chartRows(spec: Json): ChartRow[] {
  const data = spec.data;
  return isObject(data) && Array.isArray(data.values) ? data.values.filter(isObject) : [];
}

/** The fields a reader sees, with their titles: the columns of the data table and of the CSV. */
export function chartFields(spec: Json): { field: string; title: string; quantitative: boolean }[] {
  const titles = new Map<string, { title: string; quantitative: boolean }>();
  const add = (definition: unknown): void => {
    if (!isObject(definition) || typeof definition.field !== "string" || titles.has(definition.field)) return;
    const title = typeof definition.title === "string" && definition.title ? definition.title : definition.field;
    titles.set(definition.field, { title, quantitative: definition.type === "quantitative" });
  };
  for (const layer of layersOf(spec)) {
    if (!isObject(layer.encoding)) continue;
    for (const definition of Object.values(layer.encoding)) (Array.isArray(definition) ? definition : [definition]).forEach(add);
  }
  const rows = chartRows(spec);
  for (const field of Object.keys(rows[0] ?? {})) {
    if (!titles.has(field)) titles.set(field, { title: field, quantitative: typeof rows[0]?.[field] === "number" });
  }
  return [...titles].filter(([field]) => rows.some((row) => field in row)).map(([field, rest]) => ({ field, ...rest }));
}

/** The axis whose categories decide how tall or wide the chart is; null for a chart without one. */
export function categoryAxis(spec: Json): { channel: "x" | "y"; field: string; values: string[] } | null {
  if (isComposed(spec)) return null;
  for (const name of POSITION_CHANNELS) {
    const definition = channel(spec, name);
    if (!isDiscrete(definition) || typeof definition?.field !== "string") continue;
    const field = definition.field;
    const values = [...new Set(chartRows(spec).map((row) => String(row[field])))];
    return { channel: name, field, values };
  }
  return null;
}

export function pageCount(spec: Json): number {
  const axis = categoryAxis(spec);
  return axis ? Math.max(1, Math.ceil(axis.values.length / CATEGORIES_PER_PAGE)) : 1;
}

/** Colour schemes named by the spec become ramps of the theme, on which the cells' figures stay readable. */
function withThemedScales(value: unknown, palette: ChartPalette): unknown {
  if (Array.isArray(value)) return value.map((item) => withThemedScales(item, palette));
  if (!isObject(value)) return value;
  const out: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    if (key === "data" || key === "datasets") out[key] = inner;
    else if (key === "scale" && isObject(inner) && typeof inner.scheme === "string") {
      const { scheme: _scheme, ...rest } = inner;
      out[key] = { ...rest, range: "domainMid" in inner ? palette.diverging : palette.sequential };
    } else out[key] = withThemedScales(inner, palette);
  }
  return out;
}

/**
 * The specification to draw: themed, as wide as its container, and with one page of categories. The title is left
 * out because the page shows it as text; rows are copied, since Vega marks the objects it is given.
 */
export function prepareSpec(spec: Json, palette: ChartPalette, page = 0): Record<string, unknown> {
  const { title: _title, width: _width, height, $schema, config: _config, ...rest } = withThemedScales(spec, palette) as Json;
  const axis = categoryAxis(spec);
  let rows = chartRows(spec).map((row) => ({ ...row }));
  if (axis && axis.values.length > CATEGORIES_PER_PAGE) {
    const shown = new Set(axis.values.slice(page * CATEGORIES_PER_PAGE, (page + 1) * CATEGORIES_PER_PAGE));
    rows = rows.filter((row) => shown.has(String(row[axis.field])));
  }
  const prepared: Record<string, unknown> = { ...rest, $schema, config: chartConfig(palette) };
  if (isObject(rest.data) && Array.isArray(rest.data.values)) prepared.data = { ...rest.data, values: rows };
  if (isComposed(spec)) return prepared;
  prepared.width = "container";
  prepared.autosize = { type: "fit-x", contains: "padding" };
  const grouped = channel(spec, "yOffset") !== undefined;
  if (isDiscrete(channel(spec, "y"))) prepared.height = { step: grouped ? 14 : 28 };
  else prepared.height = typeof height === "number" ? Math.min(640, Math.max(120, height)) : 280;
  return prepared;
}

/** RFC 4180, with the cells that a spreadsheet would run as a formula made harmless. */
export function rowsToCsv(columns: readonly { key: string; title: string }[], rows: readonly ChartRow[]): string {
  const cell = (value: unknown): string => {
    if (value === null || value === undefined) return "";
    if (typeof value === "number" || typeof value === "boolean") return String(value);
    const text = typeof value === "string" ? value : JSON.stringify(value);
    const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const lines = [columns.map((column) => cell(column.title)), ...rows.map((row) => columns.map((column) => cell(row[column.key])))];
  return `${lines.map((line) => line.join(",")).join("\r\n")}\r\n`;
}
