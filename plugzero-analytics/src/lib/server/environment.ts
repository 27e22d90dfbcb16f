import "server-only";

/** The only module that reads process.env. Values are read on each call: one build runs in any environment. */
export function apiOrigin(): string {
  return (process.env.PLUGZERO_API_URL ?? "http://127.0.0.1:8000").replace(/\/+$/, "");
}

/** Where a browser reaches the backend itself, for links to its own pages. */
export function publicApiOrigin(): string {
  return (process.env.PLUGZERO_PUBLIC_API_URL ?? apiOrigin()).replace(/\/+$/, "");
}

/** Origin of the event-stream process; the API's own when there is none. */
export function eventsOrigin(): string {
  return (process.env.PLUGZERO_EVENTS_URL ?? apiOrigin()).replace(/\/+$/, "");
}

/** The dashboard's public origin, when a reverse proxy hides it; else the Host header decides. */
export function dashboardOrigin(): string | null {
  return process.env.PLUGZERO_DASHBOARD_ORIGIN?.replace(/\/+$/, "") ?? null;
}

/**
 * Browsers take `Secure` cookies over https and on localhost. Only for a trusted network without TLS this
 * switch drops `Secure` and the `__Host-` prefix that depends on it.
 */
export function insecureCookie(): boolean {
  return process.env.PLUGZERO_INSECURE_COOKIE === "1";
}

export function isDevelopment(): boolean {
  return process.env.NODE_ENV === "development";
}
