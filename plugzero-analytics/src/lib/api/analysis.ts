import type {
  Chart as GeneratedChart, Comparison as GeneratedComparison, Fact as GeneratedFact, Output as GeneratedOutput, Procedure as GeneratedProcedure, Result, ResultSummary as GeneratedSummary,
  Rows, Suggestion as GeneratedSuggestion, Table as GeneratedTable, TableColumn,
} from "@/types/api";
import { api, body } from "./client";
import { apiFetch } from "./fetch";
import type { Json, JsonObject } from "./json";
import { withQuery } from "./request";
import type { Page, TaskRun } from "./types";

export type { Json, JsonObject };

type Scalar = string | number | boolean | null;

/* The description leaves parameters, filters, cells and chart specifications as open objects; here they are JSON. */
export type Procedure = Omit<GeneratedProcedure, "parameters_schema"> & { parameters_schema: JsonObject };
export type Fact = Omit<GeneratedFact, "value"> & { value: Scalar };
export type ResultTableColumn = Omit<TableColumn, "drill"> & { drill: JsonObject | null };
export type ResultTable = Omit<GeneratedTable, "columns" | "rows" | "row_drills"> & {
  columns: ResultTableColumn[];
  rows: { [key: string]: Scalar }[];
  row_drills: (JsonObject | null)[];
};
export type ResultChart = Omit<GeneratedChart, "spec"> & { spec: JsonObject };
export type ResultOutput = Omit<GeneratedOutput, "facts" | "tables" | "charts"> & { facts: Fact[]; tables: ResultTable[]; charts: ResultChart[] };
export type ResultSummary = Omit<GeneratedSummary, "parameters" | "filter"> & { parameters: JsonObject; filter: JsonObject | null };
export type AnalysisResult = ResultSummary & { output: ResultOutput };
export type Suggestion = Omit<GeneratedSuggestion, "parameters"> & { parameters: JsonObject };
export type RowsPage = Omit<Rows, "rows"> & { rows: JsonObject[] };
export type Comparison = {
  left: ResultSummary;
  right: ResultSummary;
  facts: (Omit<GeneratedComparison["facts"][number], "left" | "right"> & { left: Fact | null; right: Fact | null })[];
};

export interface RunInput {
  dataset: string;
  procedure: string;
  parameters: JsonObject;
  filter: JsonObject | null;
  weight: string;
  seed?: number | null;
}

export interface CellAddress {
  table: string;
  row: number;
  column?: string;
}

export async function listProcedures(signal?: AbortSignal): Promise<Procedure[]> {
  return (await body(api.GET("/api/v1/analysis/procedures/", { signal }))) as Procedure[];
}

/** Starts a run; one that was computed before comes back as an already finished task. */
export function startRun(input: RunInput): Promise<TaskRun> {
  return body(api.POST("/api/v1/analysis/run/", { body: input }));
}

export async function suggestProcedures(dataset: string, columns: readonly string[], signal?: AbortSignal): Promise<Suggestion[]> {
  return (await body(api.POST("/api/v1/analysis/suggest/", { body: { dataset, columns: [...columns] }, signal }))) as Suggestion[];
}

export async function listResults(
  query: { project?: string; dataset?: string; procedure?: string; page?: number; page_size?: number },
  signal?: AbortSignal,
): Promise<Page<ResultSummary>> {
  return (await body(api.GET("/api/v1/analysis/results/", { params: { query }, signal }))) as Page<ResultSummary>;
}

export async function getResult(id: string, signal?: AbortSignal): Promise<AnalysisResult> {
  const result: Result = await body(api.GET("/api/v1/analysis/results/{id}/", { params: { path: { id } }, signal }));
  return result as AnalysisResult;
}

export async function deleteResult(id: string): Promise<void> {
  await api.DELETE("/api/v1/analysis/results/{id}/", { params: { path: { id } } });
}

export async function getRowsBehind(id: string, cell: CellAddress, offset: number, limit: number, signal?: AbortSignal): Promise<RowsPage> {
  return (await body(api.GET("/api/v1/analysis/results/{id}/rows/", { params: { path: { id }, query: { ...cell, offset, limit } }, signal }))) as RowsPage;
}

export async function compareResults(left: string, right: string): Promise<Comparison> {
  return (await body(api.POST("/api/v1/analysis/compare/", { body: { left, right } }))) as Comparison;
}

export function exportResult(id: string, as: "json" | "csv" | "xlsx"): Promise<Response> {
  return apiFetch(withQuery(`/api/v1/analysis/results/${id}/export/`, { as }), { timeoutMs: 0 });
}

export function getScript(id: string): Promise<Response> {
  return apiFetch(`/api/v1/analysis/results/${id}/script/`);
}
