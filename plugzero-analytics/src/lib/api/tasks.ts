import { getJson, sendJson } from "./request";
import type { Page, TaskRun, TaskState } from "./types";

export interface TaskFilter {
  state?: readonly TaskState[];
  kind?: string;
  project_id?: string;
  page?: number;
  page_size?: number;
}

export function getTask(id: string, signal?: AbortSignal): Promise<TaskRun> {
  return getJson<TaskRun>(`/api/v1/tasks/${id}/`, undefined, { signal });
}

export function listTasks(filter: TaskFilter, signal?: AbortSignal): Promise<Page<TaskRun>> {
  return getJson<Page<TaskRun>>("/api/v1/tasks/", { ...filter }, { signal });
}

export function cancelTask(id: string): Promise<TaskRun> {
  return sendJson<TaskRun>("POST", `/api/v1/tasks/${id}/cancel/`);
}
