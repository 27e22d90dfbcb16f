/** An unsigned token with an expiry, which is all the browser reads of one. */
export function accessToken(secondsLeft: number, id = "a"): string {
  const part = (value: object): string => btoa(JSON.stringify(value)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return `${part({ alg: "none" })}.${part({ exp: Math.floor(Date.now() / 1000) + secondsLeft, jti: id })}.signature`;
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(status === 204 ? null : JSON.stringify(body), { status, headers: { "content-type": "application/json", ...headers } });
}

export function problem(status: number, code: string, extra: Record<string, unknown> = {}, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify({ status, code, title: `title of ${code}`, detail: `detail of ${code}`, request_id: "req-1", errors: [], ...extra }), {
    status,
    headers: { "content-type": "application/problem+json", ...headers },
  });
}
