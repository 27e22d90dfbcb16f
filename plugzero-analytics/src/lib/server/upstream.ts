import "server-only";
import { Agent, fetch as undiciFetch } from "undici";

/**
 * Idle connections are dropped well before the backend drops them (gunicorn: after 2 s). With the default, a
 * request now and then met a connection that had just been closed, and failed although nothing was wrong.
 */
const agent = new Agent({ keepAliveTimeout: 1_000, keepAliveMaxTimeout: 1_000, headersTimeout: 120_000, bodyTimeout: 0 });

/** fetch to the backend: no cache, no redirects, streamed in both directions. */
export async function fetchUpstream(url: string, init: RequestInit & { duplex?: "half" }): Promise<Response> {
  const answer = await undiciFetch(url, { ...(init as Parameters<typeof undiciFetch>[1]), redirect: "manual", dispatcher: agent });
  // The same standard class from another package: the body streams and the headers are what both share.
  return answer as unknown as Response;
}
