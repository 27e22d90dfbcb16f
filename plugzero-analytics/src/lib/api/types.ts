import type { TaskRun as GeneratedTaskRun } from "@/types/api";

export interface Page<T> {
  count: number;
  next?: string | null;
  previous?: string | null;
  results: T[];
}

export type TaskRun = GeneratedTaskRun;
export type TaskState = TaskRun["state"];

export const FINAL_STATES: ReadonlySet<TaskState> = new Set(["SUCCESS", "FAILURE", "REVOKED"]);
