/** Stores a display preference (never a secret) for a year, so that the server renders it without a flash. */
export function writePreferenceCookie(name: string, value: string): void {
  const secure = window.location.protocol === "https:" ? "; secure" : "";
  document.cookie = `${name}=${encodeURIComponent(value)}; path=/; max-age=31536000; samesite=lax${secure}`;
}
