import createClient from "openapi-fetch";
import type { paths } from "@/types/api";
import { apiFetch } from "./fetch";

/**
 * The typed API. Paths, parameters and bodies are checked against the generated description; transport, session
 * and errors are `apiFetch`'s, which throws, so every answer that comes back has data.
 */
export const api = createClient<paths>({
  baseUrl: typeof window === "undefined" ? "http://localhost" : window.location.origin,
  fetch: (request) => apiFetch(request),
  querySerializer: { array: { style: "form", explode: true } },
});

/** The body of an answer. `apiFetch` has thrown for failures, so a missing body is a malformed answer. */
export async function body<T>(answer: Promise<{ data?: T }>): Promise<T> {
  return (await answer).data as T;
}
