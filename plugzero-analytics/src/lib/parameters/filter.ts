import type { Json, JsonObject } from "@/lib/api/analysis";
import type { ColumnSchema } from "@/lib/api/datasets";
import { isNumeric } from "@/lib/columns";

export const OPERATORS = ["eq", "ne", "lt", "le", "gt", "ge", "between", "in", "not_in", "contains", "starts_with", "is_missing", "not_missing"] as const;
export type Operator = (typeof OPERATORS)[number];

/** One line of the filter as it is typed. */
export interface Condition {
  column: string;
  op: Operator;
  value: string;
}

export interface ConditionSet {
  join: "and" | "or";
  conditions: Condition[];
}

export const NO_FILTER: ConditionSet = { join: "and", conditions: [] };

type TypedColumn = Pick<ColumnSchema, "physical_type">;

/** The comparisons that make sense for a column. */
export function operatorsFor(column: TypedColumn | undefined): readonly Operator[] {
  if (!column) return OPERATORS;
  if (column.physical_type === "boolean") return ["eq", "ne", "is_missing", "not_missing"];
  if (column.physical_type === "text") return OPERATORS.filter((op) => !["lt", "le", "gt", "ge", "between"].includes(op));
  return OPERATORS.filter((op) => op !== "contains" && op !== "starts_with");
}

function typed(text: string, column: TypedColumn | undefined): Json | undefined {
  const trimmed = text.trim();
  if (trimmed === "") return undefined;
  if (column && isNumeric(column)) {
    const number = Number(trimmed);
    return Number.isFinite(number) ? number : undefined;
  }
  if (column?.physical_type === "boolean") return /^(?:true|yes|1)$/i.test(trimmed) ? true : /^(?:false|no|0)$/i.test(trimmed) ? false : undefined;
  return trimmed;
}

function compile(condition: Condition, column: TypedColumn | undefined): JsonObject | null {
  const { op } = condition;
  if (!condition.column) return null;
  if (op === "is_missing" || op === "not_missing") return { column: condition.column, op };
  if (op === "in" || op === "not_in" || op === "between") {
    const separator = op === "between" ? /\s*(?:\.\.|,|;)\s*/ : /\s*[,;]\s*/;
    const values = condition.value.split(separator).map((part) => typed(part, column)).filter((value): value is Json => value !== undefined);
    if (values.length === 0 || (op === "between" && values.length !== 2)) return null;
    return { column: condition.column, op, value: values };
  }
  const value = typed(condition.value, column);
  return value === undefined ? null : { column: condition.column, op, value };
}

/** The API's filter tree; lines that are not complete yet are left out. Null: all rows. */
export function filterTree(set: ConditionSet, columns: readonly (TypedColumn & Pick<ColumnSchema, "name">)[]): JsonObject | null {
  const parts = set.conditions
    .map((condition) => compile(condition, columns.find((column) => column.name === condition.column)))
    .filter((part): part is JsonObject => part !== null);
  const [only] = parts;
  if (!only) return null;
  return parts.length === 1 ? only : { [set.join]: parts };
}

function isCondition(value: unknown): value is { column: string; op: Operator; value?: Json } {
  const candidate = value as { column?: unknown; op?: unknown } | null;
  return typeof candidate?.column === "string" && OPERATORS.some((op) => op === candidate.op);
}

/** Reads a stored tree back into lines; null for trees that lines cannot show (nested ones). */
export function conditionsOf(tree: JsonObject | null | undefined): ConditionSet | null {
  if (!tree) return NO_FILTER;
  const join = Array.isArray(tree.or) ? "or" : "and";
  const parts: unknown[] = Array.isArray(tree.or) ? tree.or : Array.isArray(tree.and) ? tree.and : [tree];
  if (!parts.every(isCondition)) return null;
  return {
    join,
    conditions: parts.map((part) => ({
      column: part.column,
      op: part.op,
      value: Array.isArray(part.value) ? part.value.join(", ") : part.value === undefined || part.value === null ? "" : String(part.value),
    })),
  };
}
