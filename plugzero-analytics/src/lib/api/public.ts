import { problemOfFailure, readProblem } from "./problem";

/** A request that needs no session: registration, password reset, an invitation's preview. */
export async function publicRequest<T>(method: "GET" | "POST", path: string, body?: unknown): Promise<T> {
  try {
    const response = await fetch(path, {
      method,
      cache: "no-store",
      signal: AbortSignal.timeout(20_000),
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    if (!response.ok) throw await readProblem(response);
    const text = await response.text();
    return (text ? JSON.parse(text) : undefined) as T;
  } catch (error) {
    throw problemOfFailure(error);
  }
}
