import { apiFetch } from "./fetch";
import { getJson, sendJson, withQuery } from "./request";
import type { Page, TaskRun } from "./types";

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export interface Procedure {
  key: string;
  title: string;
  question: string;
  family: string;
  version: number;
  requirements: string[];
  supports_weights: boolean;
  randomised: boolean;
  cost: string;
  tags: string[];
  parameters_schema: JsonObject;
}

export interface Fact {
  id: string;
  name: string;
  value: string | number | boolean | null;
  unit: string;
  n: number | null;
  weighted_n: number | null;
  interval: { low: number | null; high: number | null; level: number; method: string } | null;
  statistic: number | null;
  df: number[];
  p: number | null;
  adjusted_p: number | null;
  test: string;
  source_columns: string[];
  approximate: boolean;
  small_base: boolean;
  suppressed: boolean;
}

export interface ResultTableColumn {
  key: string;
  label: string;
  type: "text" | "integer" | "number" | "percent" | "p_value" | "boolean" | "date";
  unit: string;
  group: string;
  drill: JsonObject | null;
}

export interface ResultTable {
  id: string;
  title: string;
  columns: ResultTableColumn[];
  rows: { [key: string]: string | number | boolean | null }[];
  row_drills: (JsonObject | null)[];
  notes: string[];
}

export interface ResultOutput {
  n: number;
  weighted_n: number | null;
  method: { text: string; missing_values: string; references: string[]; weights: string; multiple_testing: string };
  facts: Fact[];
  tables: ResultTable[];
  charts: { id: string; title: string; description: string; spec: JsonObject }[];
  assumptions: { name: string; met: boolean | null; detail: string }[];
  notices: { code: string; message: string; columns: string[] }[];
  seed: number | null;
}

export interface ResultSummary {
  id: string;
  project: string;
  dataset: string;
  dataset_name: string;
  dataset_version: number;
  procedure: string;
  procedure_version: number;
  parameters: JsonObject;
  filter: JsonObject | null;
  weight: string;
  seed: number | null;
  seconds: number | null;
  computed_at: string | null;
  created_at: string;
}

export interface AnalysisResult extends ResultSummary {
  output: ResultOutput;
}

export interface RunInput {
  dataset: string;
  procedure: string;
  parameters: JsonObject;
  filter: JsonObject | null;
  weight: string;
  seed?: number | null;
}

export interface Suggestion {
  procedure: string;
  title: string;
  score: number;
  parameters: JsonObject;
  reason: string;
}

export interface RowsPage {
  count: number;
  offset: number;
  columns: string[];
  rows: JsonObject[];
}

export interface Comparison {
  left: ResultSummary;
  right: ResultSummary;
  facts: { id: string; name: string; unit: string; left: Fact | null; right: Fact | null; difference: number | null }[];
}

export interface CellAddress {
  table: string;
  row: number;
  column?: string;
}

export async function listProcedures(signal?: AbortSignal): Promise<Procedure[]> {
  const procedures = await getJson<Procedure[]>("/api/v1/analysis/procedures/", undefined, { signal });
  return procedures.map((procedure) => ({ ...procedure, tags: procedure.tags ?? [] }));
}

export function startRun(input: RunInput): Promise<TaskRun> {
  return sendJson<TaskRun>("POST", "/api/v1/analysis/run/", input);
}

export function suggestProcedures(dataset: string, columns: readonly string[], signal?: AbortSignal): Promise<Suggestion[]> {
  return sendJson<Suggestion[]>("POST", "/api/v1/analysis/suggest/", { dataset, columns }, { signal });
}

export function listResults(
  filter: { project?: string; dataset?: string; procedure?: string; page?: number; page_size?: number },
  signal?: AbortSignal,
): Promise<Page<ResultSummary>> {
  return getJson<Page<ResultSummary>>("/api/v1/analysis/results/", filter, { signal });
}

export function getResult(id: string, signal?: AbortSignal): Promise<AnalysisResult> {
  return getJson<AnalysisResult>(`/api/v1/analysis/results/${id}/`, undefined, { signal });
}

export function deleteResult(id: string): Promise<void> {
  return sendJson<void>("DELETE", `/api/v1/analysis/results/${id}/`);
}

export function getRowsBehind(id: string, cell: CellAddress, offset: number, limit: number, signal?: AbortSignal): Promise<RowsPage> {
  return getJson<RowsPage>(`/api/v1/analysis/results/${id}/rows/`, { ...cell, offset, limit }, { signal });
}

export function compareResults(left: string, right: string): Promise<Comparison> {
  return sendJson<Comparison>("POST", "/api/v1/analysis/compare/", { left, right });
}

export function exportResult(id: string, as: "json" | "csv" | "xlsx"): Promise<Response> {
  return apiFetch(withQuery(`/api/v1/analysis/results/${id}/export/`, { as }), { timeoutMs: 0 });
}

export function getScript(id: string): Promise<Response> {
  return apiFetch(`/api/v1/analysis/results/${id}/script/`);
}
