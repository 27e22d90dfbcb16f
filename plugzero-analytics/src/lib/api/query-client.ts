import { QueryClient } from "@tanstack/react-query";
import { ApiProblem } from "./problem";

const MAX_RETRIES = 2;
const MAX_WAIT_MS = 30_000;

/** Only what may pass by itself is tried again: never a refusal, never a wait longer than a person's patience. */
export function shouldRetry(failureCount: number, error: unknown): boolean {
  if (!(error instanceof ApiProblem) || !error.isTransient || failureCount >= MAX_RETRIES) return false;
  return (error.retryAfter ?? 0) * 1000 <= MAX_WAIT_MS;
}

export function retryDelay(failureCount: number, error: unknown): number {
  if (error instanceof ApiProblem && error.retryAfter !== undefined) return error.retryAfter * 1000;
  return Math.min(MAX_WAIT_MS, 500 * 2 ** failureCount);
}

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: { staleTime: 15_000, retry: shouldRetry, retryDelay, refetchOnWindowFocus: false },
      mutations: { retry: false },
    },
  });
}
