import type { Json, JsonObject } from "@/lib/api/analysis";
import type { Measure } from "@/lib/columns";

/** One field of a form, read from a JSON Schema (2020-12) as pydantic writes it with our `x-` keys. */
export interface ParameterField {
  name: string;
  title: string;
  help: string;
  kind: "column" | "columns" | "boolean" | "integer" | "number" | "choice" | "choices" | "text" | "texts" | "numbers" | "group" | "groups" | "map" | "filter" | "dataset" | "json";
  required: boolean;
  nullable: boolean;
  initial: Json | undefined;
  accepts: Measure[] | null;
  options: (string | number | boolean)[];
  minimum: number | undefined;
  maximum: number | undefined;
  exclusiveMinimum: number | undefined;
  exclusiveMaximum: number | undefined;
  minItems: number;
  maxItems: number | undefined;
  maxLength: number | undefined;
  fields: ParameterField[];
}

const MAX_DEPTH = 4;

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function numberOf(value: Json | undefined): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

/** Follows a `$ref` into `$defs`; keys beside the reference win, as JSON Schema 2020-12 has it. */
function resolve(schema: JsonObject, root: JsonObject): JsonObject {
  const reference = textOf(schema.$ref);
  if (!reference.startsWith("#/$defs/")) return schema;
  const definitions = root.$defs;
  const target = isObject(definitions) ? definitions[reference.slice("#/$defs/".length)] : undefined;
  const { $ref: _reference, ...beside } = schema;
  return isObject(target) ? { ...resolve(target, root), ...beside } : beside;
}

/** `anyOf [T, null]` is an optional T. */
function withoutNull(schema: JsonObject, root: JsonObject): { schema: JsonObject; nullable: boolean } {
  const branches = Array.isArray(schema.anyOf) ? schema.anyOf.filter(isObject) : [];
  if (branches.length === 0) return { schema, nullable: false };
  const real = branches.filter((branch) => branch.type !== "null");
  const nullable = real.length < branches.length;
  const { anyOf: _anyOf, ...rest } = schema;
  const [only] = real;
  if (real.length === 1 && only) return { schema: { ...resolve(only, root), ...rest }, nullable };
  const types = real.map((branch) => resolve(branch, root).type);
  // A number that may also be written as text, and the like: the wider form is offered.
  if (types.every((type) => type === "integer" || type === "number")) return { schema: { ...rest, type: "number" }, nullable };
  if (types.every((type) => type === "integer" || type === "number" || type === "string")) return { schema: { ...rest, type: "string" }, nullable };
  return { schema, nullable };
}

function optionsOf(schema: JsonObject): (string | number | boolean)[] {
  const values = Array.isArray(schema.enum) ? schema.enum : schema.const !== undefined ? [schema.const] : [];
  return values.filter((value): value is string | number | boolean => ["string", "number", "boolean"].includes(typeof value));
}

function readable(name: string): string {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function kindOf(schema: JsonObject, root: JsonObject, depth: number): Pick<ParameterField, "kind" | "options" | "fields"> {
  const role = schema["x-role"];
  const none = { options: [], fields: [] };
  if (role === "column") return { kind: "column", ...none };
  if (role === "columns") return { kind: "columns", ...none };
  const options = optionsOf(schema);
  if (options.length > 0) return { kind: "choice", options, fields: [] };
  switch (schema.type) {
    case "boolean":
      return { kind: "boolean", ...none };
    case "integer":
      return { kind: "integer", ...none };
    case "number":
      return { kind: "number", ...none };
    case "string":
      return { kind: "text", ...none };
    case "array": {
      const items = isObject(schema.items) ? withoutNull(resolve(schema.items, root), root).schema : null;
      if (!items || Array.isArray(schema.prefixItems)) return { kind: "json", ...none };
      const itemOptions = optionsOf(items);
      if (itemOptions.length > 0) return { kind: "choices", options: itemOptions, fields: [] };
      if (items.type === "string") return { kind: "texts", ...none };
      if (items.type === "integer" || items.type === "number") return { kind: "numbers", ...none };
      if (items.type === "object" && isObject(items.properties) && depth < MAX_DEPTH) {
        return { kind: "groups", options: [], fields: readFields(items, root, depth + 1) };
      }
      return { kind: "json", ...none };
    }
    case "object":
      if (isObject(schema.properties) && depth < MAX_DEPTH) return { kind: "group", options: [], fields: readFields(schema, root, depth + 1) };
      if (isObject(schema.additionalProperties)) return { kind: "map", ...none };
      return { kind: "json", ...none };
    default:
      return { kind: "json", ...none };
  }
}

function readFields(schema: JsonObject, root: JsonObject, depth: number): ParameterField[] {
  const properties = isObject(schema.properties) ? schema.properties : {};
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  return Object.entries(properties).flatMap(([name, raw]): ParameterField[] => {
    if (!isObject(raw)) return [];
    const { schema: property, nullable } = withoutNull(resolve(raw, root), root);
    const accepts = property["x-accepts"];
    return [
      {
        name,
        title: textOf(property.title) || readable(name),
        help: textOf(property.description),
        required: required.has(name),
        nullable,
        initial: property.default,
        accepts: Array.isArray(accepts) ? (accepts as Measure[]) : null,
        minimum: numberOf(property.minimum),
        maximum: numberOf(property.maximum),
        exclusiveMinimum: numberOf(property.exclusiveMinimum),
        exclusiveMaximum: numberOf(property.exclusiveMaximum),
        minItems: numberOf(property.minItems) ?? 0,
        maxItems: numberOf(property.maxItems),
        maxLength: numberOf(property.maxLength),
        ...kindOf(property, root, depth),
      },
    ];
  });
}

/** The fields of a procedure's parameters, in the order in which the API declares them. */
export function fieldsOfSchema(schema: JsonObject): ParameterField[] {
  return readFields(schema, schema, 0);
}

/** Values to start from: the schema's defaults, and nothing for what has none. */
export function initialValues(fields: readonly ParameterField[]): JsonObject {
  const values: JsonObject = {};
  for (const field of fields) {
    if (field.initial !== undefined) values[field.name] = field.initial;
    else if (field.kind === "columns") values[field.name] = [];
    else if (field.kind === "group") values[field.name] = initialValues(field.fields);
  }
  return values;
}

function isEmpty(value: Json | undefined): boolean {
  return value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

/** What is sent: no empty optional fields, which the API would have to refuse or guess about. */
export function submittedValues(fields: readonly ParameterField[], values: JsonObject): JsonObject {
  const out: JsonObject = {};
  for (const field of fields) {
    const value = values[field.name];
    if (isEmpty(value)) {
      if (field.nullable) out[field.name] = null;
      else if (!field.required && Array.isArray(field.initial) && value !== undefined) out[field.name] = [];
      continue;
    }
    if (field.kind === "group" && isObject(value)) out[field.name] = submittedValues(field.fields, value);
    else if (field.kind === "groups" && Array.isArray(value)) out[field.name] = value.map((item) => (isObject(item) ? submittedValues(field.fields, item) : item));
    else if (value !== undefined) out[field.name] = value;
  }
  return out;
}

export type FaultCode = "required" | "minItems" | "maxItems" | "minimum" | "maximum" | "above" | "below" | "integer" | "maxLength";

export interface ParameterFault {
  code: FaultCode;
  limit?: number;
}

function faultOf(field: ParameterField, value: Json | undefined): ParameterFault | null {
  if (isEmpty(value)) {
    if (field.required || (field.minItems > 0 && !field.nullable && field.initial === undefined)) {
      return field.minItems > 1 ? { code: "minItems", limit: field.minItems } : { code: "required" };
    }
    return null;
  }
  if (Array.isArray(value)) {
    if (value.length < field.minItems) return { code: "minItems", limit: field.minItems };
    if (field.maxItems !== undefined && value.length > field.maxItems) return { code: "maxItems", limit: field.maxItems };
  }
  if (typeof value === "number") {
    if (field.kind === "integer" && !Number.isInteger(value)) return { code: "integer" };
    if (field.minimum !== undefined && value < field.minimum) return { code: "minimum", limit: field.minimum };
    if (field.maximum !== undefined && value > field.maximum) return { code: "maximum", limit: field.maximum };
    if (field.exclusiveMinimum !== undefined && value <= field.exclusiveMinimum) return { code: "above", limit: field.exclusiveMinimum };
    if (field.exclusiveMaximum !== undefined && value >= field.exclusiveMaximum) return { code: "below", limit: field.exclusiveMaximum };
  }
  if (typeof value === "string" && field.maxLength !== undefined && value.length > field.maxLength) return { code: "maxLength", limit: field.maxLength };
  return null;
}

/** Faults by field name, before anything is sent; the API checks again and has the last word. */
export function findFaults(fields: readonly ParameterField[], values: JsonObject): Record<string, ParameterFault> {
  const faults: Record<string, ParameterFault> = {};
  for (const field of fields) {
    const fault = faultOf(field, values[field.name]);
    if (fault) faults[field.name] = fault;
  }
  return faults;
}

/** Keeps what still fits when another procedure is chosen: the same name, or the same kind of columns. */
export function carryOver(fields: readonly ParameterField[], from: JsonObject, fits: (column: string, field: ParameterField) => boolean): JsonObject {
  const values = initialValues(fields);
  const chosen = [...new Set(Object.values(from).flatMap((value) => (Array.isArray(value) ? value : [value])).filter((value): value is string => typeof value === "string"))];
  const used = new Set<string>();
  for (const field of fields) {
    const same = from[field.name];
    if (field.kind === "column") {
      const candidates = typeof same === "string" ? [same, ...chosen] : field.required ? chosen : [];
      const column = candidates.find((name) => !used.has(name) && fits(name, field));
      if (column) {
        values[field.name] = column;
        used.add(column);
      }
    } else if (field.kind === "columns") {
      const kept = (Array.isArray(same) ? same : field.required ? chosen : [])
        .filter((name): name is string => typeof name === "string" && !used.has(name) && fits(name, field))
        .slice(0, field.maxItems);
      kept.forEach((name) => used.add(name));
      if (kept.length > 0) values[field.name] = kept;
    }
  }
  return values;
}
