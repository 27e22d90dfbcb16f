import { apiFetch } from "./fetch";
import { getJson, sendJson } from "./request";
import type { Page } from "./types";

export interface RawDataFile {
  id: string;
  project: string;
  original_name: string;
  sha256: string;
  size: number;
  source_kind: string;
  source_url: string;
  upload_status: string;
  error: { code: string; detail: string } | null;
  created_by: string | null;
  created_at: string;
}

export function listFiles(filter: { project?: string; page?: number; page_size?: number }, signal?: AbortSignal): Promise<Page<RawDataFile>> {
  return getJson<Page<RawDataFile>>("/api/v1/files/", filter, { signal });
}

export function downloadFile(id: string): Promise<Response> {
  return apiFetch(`/api/v1/files/${id}/download/`, { timeoutMs: 0 });
}

export function deleteFile(id: string): Promise<void> {
  return sendJson<void>("DELETE", `/api/v1/files/${id}/`);
}
