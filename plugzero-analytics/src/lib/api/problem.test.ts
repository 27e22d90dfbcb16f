import { describe, expect, it } from "vitest";
import { createTranslator } from "@/lib/i18n/translator";
import { en } from "@/lib/i18n/messages/en";
import { problem } from "@/test/tokens";
import { ApiProblem, parseRetryAfter, problemOfFailure, readProblem } from "./problem";
import { describeProblem } from "./problem-text";
import { retryDelay, shouldRetry } from "./query-client";

const t = createTranslator("en", en);

describe("readProblem", () => {
  it("keeps code, sentence, request id and field faults", async () => {
    const found = await readProblem(problem(400, "invalid_input", { errors: [{ pointer: "/name", code: "blank", detail: "Give a name." }] }));
    expect(found).toMatchObject({ status: 400, code: "invalid_input", detail: "detail of invalid_input", requestId: "req-1" });
    expect(found.faults).toEqual([{ pointer: "/name", code: "blank", detail: "Give a name." }]);
  });
  it("never shows a proxy's HTML page", async () => {
    const found = await readProblem(new Response("<script>alert(1)</script>", { status: 502, headers: { "content-type": "text/html", "x-request-id": "r2" } }));
    expect(found).toMatchObject({ code: "http_502", title: "", detail: "", requestId: "r2" });
    expect(describeProblem(found, t).title).toBe(en["error.unavailable"]);
  });
  it("survives bodies of any shape", async () => {
    for (const body of ["null", "[]", "3", "{", '{"errors":{"a":1},"title":7}']) {
      const found = await readProblem(new Response(body, { status: 500, headers: { "content-type": "application/json" } }));
      expect(found.code).toBe("http_500");
      expect(found.faults).toEqual([]);
    }
  });
  it.each([401, 403, 404, 409, 413, 429, 500, 503])("has words for a bare %i", async (status) => {
    const found = await readProblem(new Response("", { status }));
    expect(describeProblem(found, t).title.length).toBeGreaterThan(3);
    expect(describeProblem(found, t).title).not.toBe(en["error.unexpected"]);
  });
});

describe("failures without an answer", () => {
  it("names an unreachable server, a time-out, and passes an abort on", () => {
    expect(problemOfFailure(new TypeError("fetch failed"))).toMatchObject({ status: 0, code: "network_unreachable" });
    expect(problemOfFailure(new DOMException("", "TimeoutError"))).toMatchObject({ status: 0, code: "timeout" });
    const abort = new DOMException("", "AbortError");
    expect(problemOfFailure(abort)).toBe(abort);
  });
});

describe("Retry-After", () => {
  it.each([
    ["7", 7],
    ["Thu, 01 Jan 2026 00:00:10 GMT", 10],
    ["soon", undefined],
    [null, undefined],
  ])("reads %s", (value, expected) => {
    expect(parseRetryAfter(value, Date.parse("2026-01-01T00:00:00Z"))).toBe(expected);
  });
});

describe("retries of queries", () => {
  const fault = (status: number, retryAfter?: number): ApiProblem => new ApiProblem({ status, code: "x", title: "", retryAfter });
  it("repeats only what may pass", () => {
    expect(shouldRetry(0, fault(503))).toBe(true);
    expect(shouldRetry(0, fault(0))).toBe(true);
    for (const status of [400, 401, 403, 404, 409, 413, 500]) expect(shouldRetry(0, fault(status))).toBe(false);
    expect(shouldRetry(2, fault(503))).toBe(false);
    expect(shouldRetry(0, new Error("bug"))).toBe(false);
  });
  it("waits as long as the server says, and not longer than a person would", () => {
    expect(retryDelay(0, fault(429, 4))).toBe(4000);
    expect(shouldRetry(0, fault(429, 4))).toBe(true);
    expect(shouldRetry(0, fault(429, 600))).toBe(false);
  });
});
