import { api, body } from "./client";
import type { Page, TaskRun, TaskState } from "./types";

export interface TaskFilter {
  state?: TaskState[];
  kind?: string;
  project_id?: string;
  page?: number;
  page_size?: number;
}

export function getTask(id: string, signal?: AbortSignal): Promise<TaskRun> {
  return body(api.GET("/api/v1/tasks/{id}/", { params: { path: { id } }, signal }));
}

export function listTasks(filter: TaskFilter, signal?: AbortSignal): Promise<Page<TaskRun>> {
  return body(api.GET("/api/v1/tasks/", { params: { query: filter }, signal }));
}

export function cancelTask(id: string): Promise<TaskRun> {
  return body(api.POST("/api/v1/tasks/{id}/cancel/", { params: { path: { id } } }));
}
