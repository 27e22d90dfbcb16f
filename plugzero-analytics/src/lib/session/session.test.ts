import { beforeEach, describe, expect, it, vi } from "vitest";
import { apiFetch } from "@/lib/api/fetch";
import { accessToken, json, problem } from "@/test/tokens";
import { currentAccess, refreshAccess, resetSession, sessionStatus, signIn, signOut, verifySecondFactor } from "./client";
import { chooseTeam } from "./team";

type Handler = (url: URL, request: Request) => Response | Promise<Response>;

function serve(handler: Handler) {
  const calls: Request[] = [];
  vi.stubGlobal("fetch", async (input: Request | string, init?: RequestInit) => {
    const request = input instanceof Request ? input : new Request(new URL(input, "http://localhost"), init);
    calls.push(request);
    return handler(new URL(request.url), request);
  });
  return { calls, paths: () => calls.map((call) => new URL(call.url).pathname) };
}

beforeEach(() => {
  resetSession();
  chooseTeam(null);
  window.localStorage.clear();
  window.sessionStorage.clear();
});

describe("session", () => {
  it("keeps no token in any storage", async () => {
    serve(() => json({ access: accessToken(600) }));
    await signIn("a@example.com", "secret");
    expect(JSON.stringify(window.localStorage) + JSON.stringify(window.sessionStorage) + document.cookie).not.toContain("signature");
    expect(sessionStatus()).toBe("active");
  });
  it("hands a second factor's challenge on and finishes with it", async () => {
    serve((url) => (url.pathname.endsWith("login") ? json({ challenge: "c1", methods: ["totp", 7] }) : json({ access: accessToken(600) })));
    expect(await signIn("a@example.com", "x")).toEqual({ kind: "challenge", challenge: "c1", methods: ["totp"] });
    expect(sessionStatus()).toBe("unknown");
    expect(await verifySecondFactor("c1", "totp", "123456")).toEqual({ kind: "signed-in" });
  });
  it("refreshes once for many callers at a time", async () => {
    const server = serve(() => json({ access: accessToken(600) }));
    const tokens = await Promise.all(Array.from({ length: 12 }, () => currentAccess()));
    expect(new Set(tokens).size).toBe(1);
    expect(server.calls).toHaveLength(1);
  });
  it("refreshes a token that is about to end before using it", async () => {
    let count = 0;
    serve(() => json({ access: accessToken(count++ === 0 ? 10 : 600, String(count)) }));
    const first = await refreshAccess();
    expect(await currentAccess()).not.toBe(first);
  });
  it("is signed out, not failed, without a session", async () => {
    serve(() => json(null, 204));
    await expect(currentAccess()).rejects.toMatchObject({ status: 401 });
    expect(sessionStatus()).toBe("signed-out");
  });
  it("says expired when a working session ends, as after the reuse of an old tab's token", async () => {
    serve((url) => (url.pathname.endsWith("login") ? json({ access: accessToken(1) }) : problem(401, "invalid_refresh_token")));
    await signIn("a@example.com", "x");
    await expect(currentAccess()).rejects.toMatchObject({ code: "invalid_refresh_token" });
    expect(sessionStatus()).toBe("expired");
  });
  it("stays as it is while the server cannot be reached", async () => {
    serve((url) => {
      if (url.pathname.endsWith("login")) return json({ access: accessToken(1) });
      throw new TypeError("fetch failed");
    });
    await signIn("a@example.com", "x");
    await expect(currentAccess()).rejects.toMatchObject({ code: "network_unreachable" });
    expect(sessionStatus()).toBe("active");
  });
  it("is out after signing out even when the server fails", async () => {
    serve((url) => (url.pathname.endsWith("logout") ? problem(500, "internal_error") : json({ access: accessToken(600) })));
    await currentAccess();
    await expect(signOut()).rejects.toMatchObject({ status: 500 });
    expect(sessionStatus()).toBe("signed-out");
  });
});

describe("apiFetch", () => {
  it("sends the token and this tab's team", async () => {
    chooseTeam("team-1");
    const server = serve((url) => (url.pathname.startsWith("/session") ? json({ access: accessToken(600) }) : json({ ok: true })));
    await apiFetch("/api/v1/projects/");
    const sent = server.calls.at(-1);
    expect(sent?.headers.get("authorization")).toMatch(/^Bearer ey/);
    expect(sent?.headers.get("x-team-id")).toBe("team-1");
  });
  it("refreshes and repeats once on a 401, with the same body", async () => {
    const bodies: string[] = [];
    let refreshes = 0;
    serve(async (url, request) => {
      if (url.pathname.startsWith("/session")) return json({ access: accessToken(600, String(refreshes++)) });
      bodies.push(await request.text());
      return bodies.length === 1 ? problem(401, "not_authenticated") : json({ ok: true });
    });
    const response = await apiFetch("/api/v1/projects/", { method: "POST", body: '{"name":"draft"}', headers: { "content-type": "application/json" } });
    expect(response.ok).toBe(true);
    expect(bodies).toEqual(['{"name":"draft"}', '{"name":"draft"}']);
    expect(refreshes).toBe(2);
  });
  it("gives up after the second 401", async () => {
    const server = serve((url) => (url.pathname.startsWith("/session") ? json({ access: accessToken(600, String(Math.random())) }) : problem(401, "not_authenticated")));
    await expect(apiFetch("/api/v1/projects/")).rejects.toMatchObject({ status: 401 });
    expect(server.paths().filter((path) => path.startsWith("/api"))).toHaveLength(2);
  });
  it.each([
    [403, "permission_denied"], [404, "not_found"], [409, "conflict"], [413, "payload_too_large"], [500, "internal_error"],
  ])("turns a %i into a problem with its request id", async (status, code) => {
    serve((url) => (url.pathname.startsWith("/session") ? json({ access: accessToken(600) }) : problem(status, code)));
    await expect(apiFetch("/api/v1/x/")).rejects.toMatchObject({ status, code, requestId: "req-1" });
  });
  it("keeps the wait of a 429", async () => {
    serve((url) => (url.pathname.startsWith("/session") ? json({ access: accessToken(600) }) : problem(429, "rate_limited", {}, { "retry-after": "9" })));
    await expect(apiFetch("/api/v1/x/")).rejects.toMatchObject({ status: 429, retryAfter: 9 });
  });
  it("passes a 304 through", async () => {
    serve((url) => (url.pathname.startsWith("/session") ? json({ access: accessToken(600) }) : new Response(null, { status: 304 })));
    expect((await apiFetch("/api/v1/tasks/1/")).status).toBe(304);
  });
  it("gives up on a server that is too slow", async () => {
    serve((url, request) =>
      url.pathname.startsWith("/session")
        ? json({ access: accessToken(600) })
        : new Promise((_, reject) => request.signal.addEventListener("abort", () => reject(request.signal.reason as Error))),
    );
    await expect(apiFetch("/api/v1/x/", { timeoutMs: 30 })).rejects.toMatchObject({ code: "timeout" });
  });
});
