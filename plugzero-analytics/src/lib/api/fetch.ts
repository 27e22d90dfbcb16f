import { currentAccess, refreshAccess } from "@/lib/session/client";
import { currentTeam } from "@/lib/session/team";
import { problemOfFailure, readProblem } from "./problem";

const TIMEOUT_MS = 30_000;

export interface ApiFetchInit extends RequestInit {
  /** Milliseconds until the request counts as lost; 0 for streams and long uploads. */
  timeoutMs?: number;
}

function send(request: Request, access: string, timeoutMs: number): Promise<Response> {
  const headers = new Headers(request.headers);
  headers.set("Authorization", `Bearer ${access}`);
  const team = currentTeam();
  if (team && !headers.has("X-Team-ID")) headers.set("X-Team-ID", team);
  const signals = timeoutMs > 0 ? [request.signal, AbortSignal.timeout(timeoutMs)] : [request.signal];
  return fetch(new Request(request, { headers, signal: AbortSignal.any(signals) }));
}

/**
 * The one way to the API. Adds the access token and the team, refreshes and repeats once on a 401, and turns
 * every failure into an `ApiProblem`, so a response that comes back is a success (or a 304 asked for).
 */
export async function apiFetch(input: Request | string, init: ApiFetchInit = {}): Promise<Response> {
  const { timeoutMs = TIMEOUT_MS, ...rest } = init;
  const url = typeof input === "string" ? new URL(input, window.location.origin) : input;
  const request = new Request(url, { cache: "no-store", ...rest });
  // The body of a request can be read once; the copy is for the repetition.
  const repetition = request.clone();
  try {
    const access = await currentAccess();
    let response = await send(request, access, timeoutMs);
    if (response.status === 401) {
      const renewed = await refreshAccess(access);
      response = await send(repetition, renewed, timeoutMs);
    }
    if (!response.ok && response.status !== 304) throw await readProblem(response);
    return response;
  } catch (error) {
    throw problemOfFailure(error);
  }
}
