import "server-only";
import { createHash } from "node:crypto";
import { type NextRequest, NextResponse } from "next/server";
import { cookieAttributes, cookieName } from "@/lib/session/cookie";
import { apiOrigin, dashboardOrigin, insecureCookie } from "./environment";
import { fetchUpstream } from "./upstream";

const PROBLEM = { "content-type": "application/problem+json", "cache-control": "no-store" };
const MAX_BODY = 16_384;
const UPSTREAM_TIMEOUT_MS = 15_000;

function problem(status: number, code: string, title: string): NextResponse {
  return new NextResponse(JSON.stringify({ type: `urn:plugzero:problem:${code}`, status, code, title, detail: title, request_id: "", errors: [] }), {
    status,
    headers: PROBLEM,
  });
}

/**
 * SameSite keeps other sites' forms away; the Origin check also stops sibling subdomains and old browsers.
 * A request without an Origin header is no browser's POST and is refused as well.
 */
export function isOwnOrigin(request: NextRequest): boolean {
  const origin = request.headers.get("origin");
  if (!origin) return false;
  const configured = dashboardOrigin();
  if (configured) return origin === configured;
  const host = request.headers.get("x-forwarded-host") ?? request.headers.get("host");
  try {
    return new URL(origin).host === host;
  } catch {
    return false;
  }
}

async function readBody(request: NextRequest): Promise<string | null> {
  const body = await request.text();
  if (body.length > MAX_BODY) return null;
  try {
    const parsed: unknown = JSON.parse(body || "{}");
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed) ? body || "{}" : null;
  } catch {
    return null;
  }
}

export function forwardedHeaders(request: NextRequest): Headers {
  const headers = new Headers();
  for (const name of ["accept-language", "user-agent", "x-request-id"]) {
    const value = request.headers.get(name);
    if (value) headers.set(name, value);
  }
  headers.set("x-forwarded-proto", request.headers.get("x-forwarded-proto") ?? request.nextUrl.protocol.replace(":", ""));
  const client = request.headers.get("x-forwarded-for");
  if (client) headers.set("x-forwarded-for", client);
  return headers;
}

async function callApi(request: NextRequest, path: string, body: string): Promise<Response> {
  const headers = forwardedHeaders(request);
  headers.set("content-type", "application/json");
  return fetchUpstream(`${apiOrigin()}/api/v1/auth/${path}`, {
    method: "POST",
    headers,
    body,
    signal: AbortSignal.timeout(UPSTREAM_TIMEOUT_MS),
  });
}

async function passOn(response: Response): Promise<NextResponse> {
  const headers = new Headers({
    "content-type": response.headers.get("content-type") ?? "application/json",
    "cache-control": "no-store",
  });
  for (const name of ["retry-after", "x-request-id"]) {
    const value = response.headers.get(name);
    if (value) headers.set(name, value);
  }
  const body = response.status === 204 ? null : await response.text();
  return new NextResponse(body, { status: response.status, headers });
}

const unreachable = (): NextResponse =>
  problem(503, "service_unavailable", "The service does not answer right now. Try again shortly.");

/**
 * Moves the refresh token from the API's answer into the cookie and hands the rest to the browser.
 */
async function keepRefresh(response: Response): Promise<NextResponse> {
  if (!response.ok) return passOn(response);
  const parsed: unknown = await response.json();
  const { refresh, ...rest } = (typeof parsed === "object" && parsed !== null ? parsed : {}) as Record<string, unknown>;
  const answer = NextResponse.json(rest, { status: response.status, headers: { "cache-control": "no-store" } });
  if (typeof refresh === "string") {
    const insecure = insecureCookie();
    answer.cookies.set(cookieName(insecure), refresh, cookieAttributes(insecure));
  }
  return answer;
}

/** A route handler for an endpoint that answers with tokens (or with a challenge, or with neither). */
export function tokenRoute(path: string) {
  return async function POST(request: NextRequest): Promise<NextResponse> {
    if (!isOwnOrigin(request)) return problem(403, "foreign_origin", "This request came from another site.");
    const body = await readBody(request);
    if (body === null) return problem(400, "malformed_json", "The body is no JSON object of a sensible size.");
    try {
      return await keepRefresh(await callApi(request, path, body));
    } catch {
      return unreachable();
    }
  };
}

interface Rotation {
  status: number;
  body: string;
  contentType: string;
  at: number;
}

/**
 * Rotations of the last seconds by hash of the token that was spent. A tab that is reloaded in the middle of a
 * refresh sends the old token again; it gets the same answer instead of ending the session family as a thief.
 */
const rotations = new Map<string, Promise<Rotation>>();
const ROTATION_MEMORY_MS = 10_000;

function rotate(request: NextRequest, refresh: string): Promise<Rotation> {
  const key = createHash("sha256").update(refresh).digest("base64");
  const known = rotations.get(key);
  if (known) return known;
  const rotation = (async (): Promise<Rotation> => {
    const response = await callApi(request, "refresh/", JSON.stringify({ refresh }));
    return {
      status: response.status,
      body: await response.text(),
      contentType: response.headers.get("content-type") ?? "application/json",
      at: Date.now(),
    };
  })();
  rotations.set(key, rotation);
  const forget = (): void => void rotations.delete(key);
  rotation.then((result) => (result.status < 400 ? setTimeout(forget, ROTATION_MEMORY_MS).unref() : forget()), forget);
  return rotation;
}

export async function refreshRoute(request: NextRequest): Promise<NextResponse> {
  if (!isOwnOrigin(request)) return problem(403, "foreign_origin", "This request came from another site.");
  const insecure = insecureCookie();
  const refresh = request.cookies.get(cookieName(insecure))?.value;
  // No session is no failure: asking costs a signed-out visitor no error.
  if (!refresh) return new NextResponse(null, { status: 204, headers: { "cache-control": "no-store" } });
  let rotation: Rotation;
  try {
    rotation = await rotate(request, refresh);
  } catch {
    return unreachable();
  }
  const answer = await keepRefresh(
    new Response(rotation.body, { status: rotation.status, headers: { "content-type": rotation.contentType } }),
  );
  if (rotation.status === 401 || rotation.status === 403) answer.cookies.delete(deletion(insecure));
  return answer;
}

function deletion(insecure: boolean) {
  return { name: cookieName(insecure), ...cookieAttributes(insecure), maxAge: 0 };
}

export async function logoutRoute(request: NextRequest): Promise<NextResponse> {
  if (!isOwnOrigin(request)) return problem(403, "foreign_origin", "This request came from another site.");
  const insecure = insecureCookie();
  const refresh = request.cookies.get(cookieName(insecure))?.value;
  // The cookie goes whatever the API says: a person who signs out must be out in this browser.
  const answer = new NextResponse(null, { status: 204, headers: { "cache-control": "no-store" } });
  answer.cookies.delete(deletion(insecure));
  if (refresh) {
    try {
      await callApi(request, "logout/", JSON.stringify({ refresh }));
    } catch {
      return answer;
    }
  }
  return answer;
}
