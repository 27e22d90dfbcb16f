/** Names and attributes of the refresh cookie; no secret passes through here. */
export const SECURE_COOKIE = "__Host-plugzero_refresh";
export const INSECURE_COOKIE = "plugzero_refresh";

/** The refresh token lives 14 days at the API; a cookie that outlives it would only earn a 401. */
const MAX_AGE_SECONDS = 14 * 24 * 60 * 60;

export function cookieName(insecure: boolean): string {
  return insecure ? INSECURE_COOKIE : SECURE_COOKIE;
}

export function cookieAttributes(insecure: boolean) {
  return { httpOnly: true, secure: !insecure, sameSite: "strict", path: "/", maxAge: MAX_AGE_SECONDS } as const;
}
