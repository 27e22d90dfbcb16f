import "server-only";
import { type NextRequest } from "next/server";
import { apiOrigin, eventsOrigin } from "./environment";
import { forwardedHeaders } from "./session-routes";
import { fetchUpstream } from "./upstream";

/** Cookies are not among them: the API is reached by bearer token only. */
const REQUEST_HEADERS = [
  "accept", "authorization", "content-type", "content-length", "idempotency-key", "if-none-match", "if-match", "last-event-id",
  "range", "upload-offset", "x-team-id",
];
const RESPONSE_HEADERS = [
  "allow", "cache-control", "content-disposition", "content-language", "content-range", "content-security-policy",
  "content-type", "etag", "last-modified", "location", "retry-after", "upload-offset", "www-authenticate",
  "x-content-type-options", "x-request-id", "accept-ranges",
];

const EVENT_STREAM = /^\/api\/v1\/tasks\/[^/]+\/events\/$/;

/** Streams one request to the backend and its answer back, in both directions without buffering. */
export async function forwardToApi(request: NextRequest): Promise<Response> {
  const { pathname, search } = request.nextUrl;
  // Next.js drops the trailing slash from its own URL object in some setups; the API insists on it.
  const path = pathname.endsWith("/") ? pathname : `${pathname}/`;
  const origin = EVENT_STREAM.test(path) ? eventsOrigin() : apiOrigin();
  const headers = forwardedHeaders(request);
  for (const name of REQUEST_HEADERS) {
    const value = request.headers.get(name);
    if (value) headers.set(name, value);
  }
  const hasBody = request.method !== "GET" && request.method !== "HEAD";
  const init: RequestInit & { duplex?: "half" } = {
    method: request.method,
    headers,
    body: hasBody ? request.body : undefined,
    duplex: hasBody ? "half" : undefined,
    signal: request.signal,
  };
  try {
    let upstream = await fetchUpstream(`${origin}${path}${search}`, init);
    const streamAt = EVENT_STREAM.test(path) && upstream.status === 307 ? upstream.headers.get("location") : null;
    // The stream comes from a process of its own; the browser is not sent to another origin, the gateway goes there.
    if (streamAt) upstream = await fetchUpstream(streamAt, init);
    const answer = new Headers();
    for (const name of RESPONSE_HEADERS) {
      const value = upstream.headers.get(name);
      if (value) answer.set(name, value);
    }
    // Proxies in front must not collect an event stream before passing it on.
    if (upstream.headers.get("content-type")?.startsWith("text/event-stream")) answer.set("x-accel-buffering", "no");
    return new Response(upstream.body, { status: upstream.status, headers: answer });
  } catch {
    return new Response(
      JSON.stringify({
        type: "urn:plugzero:problem:service_unavailable", status: 503, code: "service_unavailable",
        title: "The service does not answer right now", detail: "Try again shortly.", request_id: "", errors: [],
      }),
      { status: 503, headers: { "content-type": "application/problem+json", "retry-after": "3", "cache-control": "no-store" } },
    );
  }
}
