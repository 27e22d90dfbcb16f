import { type NextRequest, NextResponse } from "next/server";
import { contentSecurityPolicy } from "@/lib/server/content-security";
import { INSECURE_COOKIE, SECURE_COOKIE } from "@/lib/session/cookie";

/** Pages that need no session; everything else belongs to the dashboard. */
const PUBLIC = /^\/(?:$|features(?:\/|$)|docs\/|login(?:\/|$)|register(?:\/|$)|reset-password(?:\/|$)|verify-email(?:\/|$)|confirm-email-change(?:\/|$)|join(?:\/|$)|survey\/|report\/)/;

/**
 * Sends visitors without a refresh cookie to the login page, and gives each page its script nonce.
 * The cookie's presence decides nothing but this redirect: the API checks every request itself.
 */
export function proxy(request: NextRequest): NextResponse {
  const { pathname, search } = request.nextUrl;
  const hasCookie = request.cookies.has(SECURE_COOKIE) || request.cookies.has(INSECURE_COOKIE);
  if (!hasCookie && !PUBLIC.test(pathname)) {
    const login = new URL("/login", request.url);
    login.searchParams.set("next", `${pathname}${search}`);
    return NextResponse.redirect(login);
  }
  const nonce = btoa(crypto.randomUUID());
  const policy = contentSecurityPolicy(nonce, process.env.NODE_ENV === "development");
  const headers = new Headers(request.headers);
  headers.set("x-nonce", nonce);
  headers.set("content-security-policy", policy);
  const response = NextResponse.next({ request: { headers } });
  response.headers.set("content-security-policy", policy);
  return response;
}

export const config = {
  matcher: [
    { source: "/((?!api/|session/|_next/|favicon|icon).*)", missing: [{ type: "header", key: "next-router-prefetch" }] },
  ],
};
