import { apiFetch, type ApiFetchInit } from "./fetch";

export type QueryValue = string | number | boolean | null | undefined | readonly string[];

/** A query string without the parameters that have no value. */
export function withQuery(path: string, query: Readonly<Record<string, QueryValue>> = {}): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value === null || value === undefined || value === "") continue;
    if (Array.isArray(value)) value.forEach((item) => params.append(key, String(item)));
    else params.set(key, String(value));
  }
  const text = params.toString();
  return text ? `${path}?${text}` : path;
}

export async function getJson<T>(path: string, query?: Readonly<Record<string, QueryValue>>, init?: ApiFetchInit): Promise<T> {
  return (await (await apiFetch(withQuery(path, query), init)).json()) as T;
}

export async function sendJson<T>(method: "POST" | "PUT" | "PATCH" | "DELETE", path: string, body?: unknown, init?: ApiFetchInit): Promise<T> {
  const response = await apiFetch(path, {
    method,
    ...init,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { "content-type": "application/json", ...(init?.headers as Record<string, string> | undefined) } }),
  });
  return (response.status === 204 ? undefined : await response.json()) as T;
}
