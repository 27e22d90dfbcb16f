import type {
  ColumnProfile as GeneratedColumnProfile, ColumnSchema, Dataset, DatasetDetail, DatasetProfile as GeneratedDatasetProfile, DatasetVersion,
  ExportFormatEnum, Preview, Recipe as GeneratedRecipe, Receipt, Repair,
} from "@/types/api";
import { api, body } from "./client";
import { apiFetch } from "./fetch";
import type { JsonObject } from "./json";
import { withQuery } from "./request";
import type { Page, TaskRun } from "./types";

export type { ColumnSchema, Dataset, DatasetDetail, DatasetVersion, ExportFormatEnum, Preview, Receipt, Repair };

/** The description leaves these three as JSON; their shapes are those of the API's profile contract. */
export type ColumnProfile = Omit<GeneratedColumnProfile, "histogram" | "top_values" | "minimum" | "maximum"> & {
  histogram: [number, number, number][];
  top_values: [string, number][];
  minimum: number | string | null;
  maximum: number | string | null;
};
export type DatasetProfile = Omit<GeneratedDatasetProfile, "columns"> & { columns: ColumnProfile[] };
export type Recipe = Omit<GeneratedRecipe, "steps"> & { steps: JsonObject[] };

export interface RecipeStepKind {
  kind: string;
  summary: string;
  parameters_schema: JsonObject;
}

export interface DatasetFilter {
  project?: string;
  search?: string;
  page?: number;
  page_size?: number;
}

export function listDatasets(query: DatasetFilter, signal?: AbortSignal): Promise<Page<Dataset>> {
  return body(api.GET("/api/v1/datasets/", { params: { query }, signal }));
}

export function getDataset(id: string, signal?: AbortSignal): Promise<DatasetDetail> {
  return body(api.GET("/api/v1/datasets/{id}/", { params: { path: { id } }, signal }));
}

export function renameDataset(id: string, name: string): Promise<DatasetDetail> {
  return body(api.PATCH("/api/v1/datasets/{id}/", { params: { path: { id } }, body: { name } }));
}

export async function deleteDataset(id: string): Promise<void> {
  await api.DELETE("/api/v1/datasets/{id}/", { params: { path: { id } } });
}

export async function getProfile(id: string, version?: number, signal?: AbortSignal): Promise<DatasetProfile> {
  return (await body(api.GET("/api/v1/datasets/{id}/profile/", { params: { path: { id }, query: { version } }, signal }))) as DatasetProfile;
}

/** All versions, newest first. */
export async function listVersions(id: string, signal?: AbortSignal): Promise<DatasetVersion[]> {
  const answer: unknown = await body(api.GET("/api/v1/datasets/{id}/versions/", { params: { path: { id } }, signal }));
  return Array.isArray(answer) ? (answer as DatasetVersion[]) : (answer as Page<DatasetVersion>).results;
}

export interface PreviewQuery {
  version?: number;
  offset: number;
  limit: number;
  sort?: string[];
  filter?: string;
}

export function getPreview(id: string, query: PreviewQuery, signal?: AbortSignal): Promise<Preview> {
  return body(api.GET("/api/v1/datasets/{id}/preview/", { params: { path: { id }, query }, signal }));
}

export function startExport(id: string, export_format: ExportFormatEnum, version?: number): Promise<TaskRun> {
  return body(api.POST("/api/v1/datasets/{id}/export/", { params: { path: { id } }, body: { export_format, version: version ?? null } }));
}

export function downloadRejects(id: string, version?: number): Promise<Response> {
  return apiFetch(withQuery(`/api/v1/datasets/${id}/rejects/`, { version }), { timeoutMs: 0 });
}

export function undoRepairs(id: string): Promise<TaskRun> {
  return body(api.POST("/api/v1/datasets/{id}/undo-repairs/", { params: { path: { id } } }));
}

export function restoreVersion(id: string, number: number): Promise<DatasetVersion> {
  return body(api.POST("/api/v1/datasets/{id}/restore/", { params: { path: { id } }, body: { number } }));
}

export async function listRecipeSteps(signal?: AbortSignal): Promise<RecipeStepKind[]> {
  return (await body(api.GET("/api/v1/datasets/steps/", { signal }))) as RecipeStepKind[];
}

export async function getRecipe(id: string, signal?: AbortSignal): Promise<Recipe> {
  return (await body(api.GET("/api/v1/datasets/{id}/recipe/", { params: { path: { id } }, signal }))) as Recipe;
}

/** Keeps the steps with the Dataset without running them. */
export async function saveRecipe(id: string, steps: JsonObject[]): Promise<Recipe> {
  return (await body(api.PUT("/api/v1/datasets/{id}/recipe/", { params: { path: { id } }, body: { steps } }))) as Recipe;
}

/** Starts the run that makes the next version of the Dataset. */
export function applyRecipe(id: string, steps: JsonObject[]): Promise<TaskRun> {
  return body(api.POST("/api/v1/datasets/{id}/recipe/apply/", { params: { path: { id } }, body: { steps, version: null } }));
}
