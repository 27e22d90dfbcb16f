import { apiFetch } from "./fetch";
import type { JsonObject } from "./analysis";
import { getJson, sendJson, withQuery } from "./request";
import type { Page, TaskRun } from "./types";

export interface ColumnSchema {
  name: string;
  label: string;
  physical_type: string;
  semantic_type: string;
  measure_level: string;
  is_pii: boolean;
  value_labels: Record<string, string>;
  missing_codes: string[];
  raw_column: string | null;
  unit: string | null;
  separator: string | null;
  is_raw: boolean;
}

export interface Dataset {
  id: string;
  project: string;
  name: string;
  dataset_source: string;
  raw_file: string | null;
  source_name: string;
  current_version: number;
  row_count: number;
  column_count: number;
  size: number;
  created_by: string | null;
  created_at: string;
  updated_at: string;
}

export interface DatasetDetail extends Dataset {
  version_hash: string;
  columns: ColumnSchema[];
}

export interface ColumnProfile {
  name: string;
  count: number;
  missing: number;
  distinct: number;
  distinct_is_exact: boolean;
  minimum: number | string | null;
  maximum: number | string | null;
  mean: number | null;
  sd: number | null;
  quartiles: number[] | null;
  histogram: [number, number, number][];
  top_values: [string, number][];
  samples: string[];
  mean_length: number | null;
}

export interface Repair {
  kind: string;
  message: string;
  row: number | null;
  column: string | null;
  before: string | null;
  after: string | null;
  count: number;
}

export interface Receipt {
  rows_in: number;
  rows_out: number;
  rows_rejected: number;
  repairs: Repair[];
  repair_count: number;
  dialect: JsonObject;
}

export interface DatasetProfile {
  version: number;
  row_count: number;
  columns: ColumnProfile[];
  receipt: Receipt | null;
}

export interface DatasetVersion {
  number: number;
  version_hash: string;
  row_count: number;
  column_count: number;
  size: number;
  note: string;
  has_rejects: boolean;
  created_by: string | null;
  created_at: string;
}

export interface DatasetFilter {
  project?: string;
  search?: string;
  page?: number;
  page_size?: number;
}

export function listDatasets(filter: DatasetFilter, signal?: AbortSignal): Promise<Page<Dataset>> {
  return getJson<Page<Dataset>>("/api/v1/datasets/", { ...filter }, { signal });
}

export function getDataset(id: string, signal?: AbortSignal): Promise<DatasetDetail> {
  return getJson<DatasetDetail>(`/api/v1/datasets/${id}/`, undefined, { signal });
}

export function renameDataset(id: string, name: string): Promise<DatasetDetail> {
  return sendJson<DatasetDetail>("PATCH", `/api/v1/datasets/${id}/`, { name });
}

export function deleteDataset(id: string): Promise<void> {
  return sendJson<void>("DELETE", `/api/v1/datasets/${id}/`);
}

export function getProfile(id: string, version?: number, signal?: AbortSignal): Promise<DatasetProfile> {
  return getJson<DatasetProfile>(`/api/v1/datasets/${id}/profile/`, { version }, { signal });
}

export function listVersions(id: string, signal?: AbortSignal): Promise<DatasetVersion[]> {
  return getJson<DatasetVersion[]>(`/api/v1/datasets/${id}/versions/`, undefined, { signal });
}

export interface PreviewQuery {
  version?: number;
  offset: number;
  limit: number;
  sort?: string;
  filter?: string;
}

export interface PreviewPage {
  total: number;
  offset: number;
  columns: string[];
  rows: unknown[][];
}

export function getPreview(id: string, query: PreviewQuery, signal?: AbortSignal): Promise<PreviewPage> {
  return getJson<PreviewPage>(`/api/v1/datasets/${id}/preview/`, { ...query }, { signal });
}

export function startExport(id: string, format: string, version?: number): Promise<TaskRun> {
  return sendJson<TaskRun>("POST", `/api/v1/datasets/${id}/export/`, { format, version });
}

export function downloadRejects(id: string, version?: number): Promise<Response> {
  return apiFetch(withQuery(`/api/v1/datasets/${id}/rejects/`, { version }), { timeoutMs: 0 });
}

export interface RecipeStepKind {
  kind: string;
  summary: string;
  schema: JsonObject;
}

export interface Recipe {
  steps: JsonObject[];
}

export function listRecipeSteps(signal?: AbortSignal): Promise<RecipeStepKind[]> {
  return getJson<RecipeStepKind[]>("/api/v1/datasets/recipe-steps/", undefined, { signal });
}

export function getRecipe(id: string, signal?: AbortSignal): Promise<Recipe> {
  return getJson<Recipe>(`/api/v1/datasets/${id}/recipe/`, undefined, { signal });
}

/** Starts the run that makes the next version of the Dataset. */
export function applyRecipe(id: string, steps: readonly JsonObject[]): Promise<TaskRun> {
  return sendJson<TaskRun>("POST", `/api/v1/datasets/${id}/recipe/`, { steps });
}
