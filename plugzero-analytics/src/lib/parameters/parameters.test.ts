import { describe, expect, it } from "vitest";
import type { JsonObject } from "@/lib/api/analysis";
import { conditionsOf, filterTree } from "./filter";
import { recipeFields } from "./recipe";
import { carryOver, fieldsOfSchema, findFaults, initialValues, submittedValues } from "./schema";

const schema: JsonObject = {
  $defs: { Mode: { enum: ["fast", "exact"], type: "string" }, Level: { type: "object", properties: { name: { type: "string" }, share: { type: "number" } }, required: ["name"] } },
  type: "object",
  required: ["rows", "measures"],
  properties: {
    rows: { type: "string", title: "Rows", "x-role": "column", "x-accepts": ["nominal"] },
    by: { anyOf: [{ type: "string" }, { type: "null" }], default: null, "x-role": "column" },
    measures: { type: "array", items: { type: "string" }, minItems: 2, maxItems: 3, "x-role": "columns", "x-accepts": ["scale"] },
    mode: { $ref: "#/$defs/Mode", default: "exact", description: "How." },
    alpha: { type: "number", exclusiveMinimum: 0, exclusiveMaximum: 0.5, default: 0.05 },
    boxes: { type: "integer", minimum: 1, maximum: 5, default: 2 },
    levels: { type: "array", items: { $ref: "#/$defs/Level" } },
    anything: {},
  },
};
const fields = fieldsOfSchema(schema);
const kind = (name: string) => fields.find((field) => field.name === name)?.kind;

describe("fieldsOfSchema", () => {
  it("finds a control for every property, in order", () => {
    expect(fields.map((field) => [field.name, field.kind])).toEqual([
      ["rows", "column"], ["by", "column"], ["measures", "columns"], ["mode", "choice"], ["alpha", "number"], ["boxes", "integer"], ["levels", "groups"], ["anything", "json"],
    ]);
    expect(fields.find((field) => field.name === "by")).toMatchObject({ nullable: true, required: false });
    expect(fields.find((field) => field.name === "mode")).toMatchObject({ options: ["fast", "exact"], help: "How.", initial: "exact" });
    expect(fields.find((field) => field.name === "levels")?.fields.map((field) => field.name)).toEqual(["name", "share"]);
  });
  it("makes a form of schemas that are empty or odd", () => {
    expect(fieldsOfSchema({})).toEqual([]);
    expect(fieldsOfSchema({ properties: { a: null, b: true, c: { type: "nonsense" } } }).map((field) => field.kind)).toEqual(["json"]);
    expect(kind("missing")).toBeUndefined();
  });
});

describe("values", () => {
  it("starts from the defaults and sends no empty fields", () => {
    expect(initialValues(fields)).toEqual({ by: null, measures: [], mode: "exact", alpha: 0.05, boxes: 2 });
    expect(submittedValues(fields, { rows: "a", by: "", measures: ["x", "y"], alpha: 0.1 })).toEqual({ rows: "a", by: null, measures: ["x", "y"], alpha: 0.1 });
  });
  it.each([
    [{ measures: ["x", "y"] }, { rows: { code: "required" } }],
    [{ rows: "a", measures: ["x"] }, { measures: { code: "minItems", limit: 2 } }],
    [{ rows: "a", measures: ["w", "x", "y", "z"] }, { measures: { code: "maxItems", limit: 3 } }],
    [{ rows: "a", measures: ["x", "y"], alpha: 0.5 }, { alpha: { code: "below", limit: 0.5 } }],
    [{ rows: "a", measures: ["x", "y"], alpha: 0 }, { alpha: { code: "above", limit: 0 } }],
    [{ rows: "a", measures: ["x", "y"], boxes: 2.5 }, { boxes: { code: "integer" } }],
    [{ rows: "a", measures: ["x", "y"], boxes: 9 }, { boxes: { code: "maximum", limit: 5 } }],
    [{ rows: "a", measures: ["x", "y"] }, {}],
  ])("judges %j", (values, faults) => {
    expect(findFaults(fields, values as JsonObject)).toEqual(faults);
  });
  it("carries fitting columns over to another procedure", () => {
    const values = carryOver(fields, { columns: ["cat", "n1", "n2"] }, (name, field) => (field.accepts?.includes("scale") ? name.startsWith("n") : name === "cat"));
    expect(values).toMatchObject({ rows: "cat", measures: ["n1", "n2"], by: null });
  });
});

describe("filters", () => {
  const columns = [
    { name: "age", physical_type: "integer" as const }, { name: "city", physical_type: "text" as const }, { name: "member", physical_type: "boolean" as const },
  ];
  it("compiles typed conditions and leaves unfinished ones out", () => {
    expect(
      filterTree({ join: "and", conditions: [{ column: "age", op: "ge", value: "18" }, { column: "age", op: "lt", value: "old" }, { column: "", op: "eq", value: "x" }] }, columns),
    ).toEqual({ column: "age", op: "ge", value: 18 });
    expect(
      filterTree({ join: "or", conditions: [{ column: "city", op: "in", value: "Bonn, Köln" }, { column: "member", op: "eq", value: "yes" }, { column: "age", op: "between", value: "20, 30" }, { column: "city", op: "is_missing", value: "" }] }, columns),
    ).toEqual({ or: [{ column: "city", op: "in", value: ["Bonn", "Köln"] }, { column: "member", op: "eq", value: true }, { column: "age", op: "between", value: [20, 30] }, { column: "city", op: "is_missing" }] });
    expect(filterTree({ join: "and", conditions: [] }, columns)).toBeNull();
  });
  it("keeps text as it is typed, scripts and SQL included", () => {
    const text = `'; DROP TABLE x; <script>alert(1)</script>`;
    expect(filterTree({ join: "and", conditions: [{ column: "city", op: "eq", value: text }] }, columns)).toEqual({ column: "city", op: "eq", value: text });
  });
  it("reads stored trees back, and says so when lines cannot show them", () => {
    expect(conditionsOf({ or: [{ column: "city", op: "in", value: ["a", "b"] }] })).toEqual({ join: "or", conditions: [{ column: "city", op: "in", value: "a, b" }] });
    expect(conditionsOf({ not: { column: "city", op: "eq", value: "x" } })).toBeNull();
    expect(conditionsOf(null)?.conditions).toEqual([]);
  });
});

describe("recipe steps", () => {
  it("gives columns, filters and datasets their pickers", () => {
    const step = (kindName: string, properties: JsonObject) => recipeFields(kindName, { properties: { kind: { const: kindName, type: "string" }, ...properties } }).map((field) => [field.name, field.kind]);
    expect(step("trim", { columns: { type: "array", items: { type: "string" } } })).toEqual([["columns", "columns"]]);
    expect(step("derive", { column: { type: "string" } })).toEqual([["column", "text"]]);
    expect(step("filter", { where: { type: "object", additionalProperties: true } })).toEqual([["where", "filter"]]);
    expect(step("recode", { mapping: { type: "object", additionalProperties: { type: "string" } } })).toEqual([["mapping", "map"]]);
  });
});
