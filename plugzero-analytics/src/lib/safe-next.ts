/** Where to go after login: only a path on this site, whatever the link said. */
export function safeNext(next: string | null | undefined, fallback = "/home"): string {
  if (!next || !next.startsWith("/") || /^\/[/\\]/.test(next) || /[\\\u0000-\u001f]/.test(next)) return fallback;
  if (/^\/(?:login|register|session|api)(?:[/?#]|$)/.test(next)) return fallback;
  return next;
}
