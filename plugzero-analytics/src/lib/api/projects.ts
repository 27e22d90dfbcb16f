import type { PatchedProjectWriteRequest, Project, ProjectCreateRequest } from "@/types/api";
import { api, body } from "./client";
import type { Page } from "./types";

export type { Project };

export function listProjects(query: { page?: number; page_size?: number; search?: string }, signal?: AbortSignal): Promise<Page<Project>> {
  return body(api.GET("/api/v1/projects/", { params: { query }, signal }));
}

export function getProject(id: string, signal?: AbortSignal): Promise<Project> {
  return body(api.GET("/api/v1/projects/{id}/", { params: { path: { id } }, signal }));
}

export function createProject(input: ProjectCreateRequest): Promise<Project> {
  return body(api.POST("/api/v1/projects/", { body: input }));
}

export function updateProject(id: string, input: PatchedProjectWriteRequest): Promise<Project> {
  return body(api.PATCH("/api/v1/projects/{id}/", { params: { path: { id } }, body: input }));
}

export async function deleteProject(id: string): Promise<void> {
  await api.DELETE("/api/v1/projects/{id}/", { params: { path: { id } } });
}
