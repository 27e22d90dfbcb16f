import type { RawDataFile } from "@/types/api";
import { api, body } from "./client";
import { apiFetch } from "./fetch";
import type { Page, TaskRun } from "./types";

export type { RawDataFile };

export function listFiles(query: { project?: string; page?: number; page_size?: number }, signal?: AbortSignal): Promise<Page<RawDataFile>> {
  return body(api.GET("/api/v1/files/", { params: { query }, signal }));
}

export function startUrlImport(project: string, url: string): Promise<TaskRun> {
  return body(api.POST("/api/v1/files/from-url/", { body: { project, url } }));
}

export function downloadFile(id: string): Promise<Response> {
  return apiFetch(`/api/v1/files/${id}/download/`, { timeoutMs: 0 });
}

export async function deleteFile(id: string): Promise<void> {
  await api.DELETE("/api/v1/files/{id}/", { params: { path: { id } } });
}
