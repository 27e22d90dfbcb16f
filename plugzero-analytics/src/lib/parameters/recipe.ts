import type { JsonObject } from "@/lib/api/analysis";
import { fieldsOfSchema, type ParameterField } from "./schema";

/** Step fields that name existing columns; a name is only new where a step makes a column. */
const COLUMN_LISTS = new Set(["columns", "left_on"]);

/**
 * The form fields of a cleaning step. The step schemas say nothing about roles, so they are given by name here: a
 * step kind that is added later still gets a working form, with text fields at worst.
 */
export function recipeFields(kind: string, schema: JsonObject): ParameterField[] {
  return fieldsOfSchema(schema)
    .filter((field) => field.name !== "kind")
    .map((field): ParameterField => {
      if (field.name === "column" && kind !== "derive" && field.kind === "text") return { ...field, kind: "column" };
      if (COLUMN_LISTS.has(field.name) && field.kind === "texts" && !(kind === "join" && field.name === "columns")) return { ...field, kind: "columns" };
      if (field.name === "where" && field.kind === "json") return { ...field, kind: "filter" };
      if (field.kind === "group" || field.kind === "groups") {
        return { ...field, fields: field.fields.map((inner) => (/^dataset(?:_id)?$/.test(inner.name) ? { ...inner, kind: "dataset" } : inner)) };
      }
      return field;
    });
}
