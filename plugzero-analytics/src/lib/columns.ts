import type { ColumnSchema } from "@/lib/api/datasets";

export type Measure = "nominal" | "ordinal" | "scale" | "binary" | "date" | "text" | "identifier";

/** The level of measurement as the procedures see a column; the same rule as the API's. */
export function measureOf(column: Pick<ColumnSchema, "semantic_type" | "physical_type" | "measure_level">): Measure {
  if (column.semantic_type === "free_text" || column.semantic_type === "multi_select") return "text";
  if (column.semantic_type === "identifier") return "identifier";
  if (column.physical_type === "boolean") return "binary";
  if (column.physical_type === "date" || column.physical_type === "datetime") return "date";
  return column.measure_level === "ordinal" || column.measure_level === "scale" ? column.measure_level : "nominal";
}

export function isNumeric(column: Pick<ColumnSchema, "physical_type">): boolean {
  return column.physical_type === "integer" || column.physical_type === "number";
}

export function columnTitle(column: Pick<ColumnSchema, "name" | "label">): string {
  return column.label || column.name;
}
