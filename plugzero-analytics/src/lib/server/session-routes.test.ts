// @vitest-environment node
import { NextRequest } from "next/server";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { json, problem } from "@/test/tokens";

const upstream = vi.hoisted(() => ({ calls: 0, answer: (): Response => new Response() }));
vi.mock("./upstream", () => ({
  fetchUpstream: async () => {
    upstream.calls += 1;
    return upstream.answer();
  },
}));
const down = (): Response => {
  throw new TypeError("fetch failed");
};

const { logoutRoute, refreshRoute, tokenRoute } = await import("./session-routes");
const COOKIE = "__Host-plugzero_refresh";

function request(body: unknown, { origin = "http://localhost:3000", cookie }: { origin?: string | null; cookie?: string } = {}): NextRequest {
  const headers = new Headers({ host: "localhost:3000", "content-type": "application/json" });
  if (origin) headers.set("origin", origin);
  if (cookie) headers.set("cookie", `${COOKIE}=${cookie}`);
  return new NextRequest("http://localhost:3000/session/x", { method: "POST", headers, body: typeof body === "string" ? body : JSON.stringify(body) });
}

beforeEach(() => {
  upstream.calls = 0;
});

describe("session routes", () => {
  it("moves the refresh token into a strict HttpOnly cookie and shows it to no script", async () => {
    upstream.answer = () => json({ access: "A", refresh: "R", user: { id: "1" } });
    const answer = await tokenRoute("login/")(request({ email: "a", password: "b" }));
    expect(await answer.json()).toEqual({ access: "A", user: { id: "1" } });
    const cookie = answer.headers.get("set-cookie") ?? "";
    expect(cookie).toContain(`${COOKIE}=R`);
    for (const attribute of ["HttpOnly", "Secure", "SameSite=strict", "Path=/"]) expect(cookie).toContain(attribute);
    expect(cookie).not.toContain("Domain");
  });
  it.each(["https://evil.example", "http://localhost:3000.evil.example", "null", null])("refuses the origin %s", async (origin) => {
    for (const route of [tokenRoute("login/"), refreshRoute, logoutRoute]) {
      expect((await route(request({}, { origin, cookie: "R" }))).status).toBe(403);
    }
    expect(upstream.calls).toBe(0);
  });
  it.each(["[]", "{", "3", `"${"x".repeat(20_000)}"`])("refuses the body %.10s", async (body) => {
    expect((await tokenRoute("login/")(request(body))).status).toBe(400);
  });
  it("answers a failed login with the API's problem", async () => {
    upstream.answer = () => problem(401, "invalid_credentials", {}, { "retry-after": "3" });
    const answer = await tokenRoute("login/")(request({ email: "a", password: "b" }));
    expect(answer.status).toBe(401);
    expect(answer.headers.get("retry-after")).toBe("3");
    expect(await answer.json()).toMatchObject({ code: "invalid_credentials" });
  });
  it("says 503 when the API is down", async () => {
    upstream.answer = down;
    expect((await tokenRoute("login/")(request({}))).status).toBe(503);
  });
  it("spends a refresh token once, however many tabs send it", async () => {
    upstream.answer = () => json({ access: "A2", refresh: "R2" });
    const answers = await Promise.all(Array.from({ length: 8 }, () => refreshRoute(request({}, { cookie: "shared" }))));
    expect(upstream.calls).toBe(1);
    for (const answer of answers) expect(await answer.json()).toEqual({ access: "A2" });
    // A tab that was reloaded before it read the answer sends the old token again and gets the same one.
    expect((await refreshRoute(request({}, { cookie: "shared" }))).headers.get("set-cookie")).toContain(`${COOKIE}=R2`);
    expect(upstream.calls).toBe(1);
  });
  it("drops the cookie of a session that the API has ended", async () => {
    upstream.answer = () => problem(401, "invalid_refresh_token");
    const answer = await refreshRoute(request({}, { cookie: "stolen" }));
    expect(answer.status).toBe(401);
    expect(answer.headers.get("set-cookie")).toMatch(/Max-Age=0|Expires=Thu, 01 Jan 1970/);
  });
  it("costs a visitor without a session no error", async () => {
    expect((await refreshRoute(request({}))).status).toBe(204);
  });
  it("drops the cookie at logout even when the API is down", async () => {
    upstream.answer = down;
    const answer = await logoutRoute(request({}, { cookie: "R" }));
    expect(answer.status).toBe(204);
    expect(answer.headers.get("set-cookie")).toContain(`${COOKIE}=;`);
  });
});
