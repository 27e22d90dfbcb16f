export interface Page<T> {
  count: number;
  next: string | null;
  previous: string | null;
  results: T[];
}

export type TaskState = "PENDING" | "STARTED" | "RETRY" | "SUCCESS" | "FAILURE" | "REVOKED";

export interface TaskRun {
  task_id: string;
  kind: string;
  state: TaskState;
  progress: { current: number; total: number | null; stage: string; message: string };
  result: { type: string; id: string; url: string } | null;
  error: { code: string; title: string; detail: string } | null;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
}

export const FINAL_STATES: ReadonlySet<TaskState> = new Set(["SUCCESS", "FAILURE", "REVOKED"]);
