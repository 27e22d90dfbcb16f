import { getJson, sendJson } from "./request";
import type { Page } from "./types";

export interface Project {
  id: string;
  name: string;
  description: string;
  is_archived: boolean;
  created_by: string | null;
  created_at: string;
  updated_at: string;
  dataset_count: number;
  file_count: number;
}

export interface ProjectInput {
  name: string;
  description: string;
}

export function listProjects(filter: { page?: number; page_size?: number; search?: string }, signal?: AbortSignal): Promise<Page<Project>> {
  return getJson<Page<Project>>("/api/v1/projects/", filter, { signal });
}

export function getProject(id: string, signal?: AbortSignal): Promise<Project> {
  return getJson<Project>(`/api/v1/projects/${id}/`, undefined, { signal });
}

export function createProject(input: ProjectInput): Promise<Project> {
  return sendJson<Project>("POST", "/api/v1/projects/", input);
}

export function updateProject(id: string, input: Partial<ProjectInput & { is_archived: boolean }>): Promise<Project> {
  return sendJson<Project>("PATCH", `/api/v1/projects/${id}/`, input);
}

export function deleteProject(id: string): Promise<void> {
  return sendJson<void>("DELETE", `/api/v1/projects/${id}/`);
}
