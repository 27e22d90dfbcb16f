import { describe, expect, it } from "vitest";
import { activePath, hasPage, withProject } from "@/components/shell/navigation";
import { cellOfMark } from "@/components/analytics/drill-target";
import { measureOf } from "./columns";
import { fieldOfPointer } from "./forms";
import { readLastVisit } from "./last-visit";
import { safeNext } from "./safe-next";
import { fileNameOf } from "./save-file";
import { MAX_SCROLL_HEIGHT, rowWindow, scrollTopOf } from "./virtual-rows";
import { contentSecurityPolicy } from "./server/content-security";

describe("safeNext", () => {
  it.each([
    ["/data?x=1", "/data?x=1"], ["//evil.example", "/home"], ["/\\evil.example", "/home"], ["https://evil.example", "/home"], ["javascript:alert(1)", "/home"],
    ["/login?next=/x", "/home"], ["/a\nb", "/home"], [null, "/home"], ["/api/v1/me/", "/home"],
  ])("%s leads to %s", (next, expected) => expect(safeNext(next)).toBe(expected));
});

describe("rowWindow", () => {
  it("draws only what is in view of a million rows", () => {
    const at = rowWindow(1_000_000, 30, 600, 0);
    expect(at.end - at.first).toBeLessThan(40);
    expect(at.height).toBe(MAX_SCROLL_HEIGHT);
  });
  it("reaches the last row at the bottom", () => {
    const at = rowWindow(1_000_000, 30, 600, MAX_SCROLL_HEIGHT - 600);
    expect(at.end).toBe(1_000_000);
    expect(at.first).toBeGreaterThan(999_960);
  });
  it("covers the viewport at every position", () => {
    for (let step = 0; step <= 100; step += 1) {
      const scrollTop = ((MAX_SCROLL_HEIGHT - 600) * step) / 100;
      const at = rowWindow(1_000_000, 30, 600, scrollTop);
      expect(at.top).toBeLessThanOrEqual(scrollTop + 0.01);
      expect(at.top + (at.end - at.first) * 30).toBeGreaterThanOrEqual(scrollTop + 599.9);
    }
  });
  it("finds the scroll position of a row again", () => {
    for (const row of [0, 123, 500_000, 999_000]) {
      const at = rowWindow(1_000_000, 30, 600, scrollTopOf(row, 1_000_000, 30, 600), 0);
      expect(Math.abs(at.first - row)).toBeLessThanOrEqual(1);
    }
  });
  it("has nothing to draw for no rows", () => {
    expect(rowWindow(0, 30, 600, 0)).toMatchObject({ first: 0, end: 0, height: 0 });
  });
});

describe("cellOfMark", () => {
  const drill = { column: "a", op: "eq", value: 1 };
  const table = (id: string, answers: string[]) => ({
    id, title: id, notes: [],
    columns: [
      { key: "answer", label: "Answer", type: "text" as const, unit: "", group: "", drill: null },
      { key: "c0", label: "Women", type: "percent" as const, unit: "", group: "sex", drill },
    ],
    rows: answers.map((answer) => ({ answer, c0: 0.5 })),
    row_drills: answers.map(() => drill),
  });
  it("finds row and column by the mark's words, in the chart's own table first", () => {
    const tables = [table("other", ["Yes"]), table("q1", ["No", "Yes"])];
    expect(cellOfMark({ tables }, "q1", { answer: "Yes", group: "Women", share: 0.5 })).toEqual({ table: "q1", row: 1, column: "c0" });
    expect(cellOfMark({ tables }, "q1", { answer: "Yes" })).toEqual({ table: "q1", row: 1 });
  });
  it("finds nothing for marks without words", () => {
    expect(cellOfMark({ tables: [table("q1", ["1"])] }, "q1", { low: 0, high: 1 })).toBeNull();
    expect(cellOfMark({ tables: [] }, "q1", { answer: "Yes" })).toBeNull();
  });
});

describe("small rules", () => {
  it("reads JSON pointers as field names", () => {
    expect(fieldOfPointer("/parameters/rows/0")).toBe("parameters.rows.0");
    expect(fieldOfPointer("/a~1b~0c")).toBe("a/b~c");
    expect(fieldOfPointer("")).toBe("");
  });
  it.each([
    ['attachment; filename="a b.csv"', "a b.csv"], ["attachment; filename*=UTF-8''%D8%A8.csv", "ب.csv"], ['attachment; filename="../../etc/passwd"', "passwd"], ["", "fallback"], ["attachment; filename*=UTF-8''%ZZ", "fallback"],
  ])("takes the file name from %s", (header, expected) => {
    expect(fileNameOf(new Response("", { headers: { "content-disposition": header } }), "fallback")).toBe(expected);
  });
  it("sees columns as the procedures do", () => {
    expect(measureOf({ semantic_type: "free_text", physical_type: "text", measure_level: "nominal" })).toBe("text");
    expect(measureOf({ semantic_type: "boolean", physical_type: "boolean", measure_level: "nominal" })).toBe("binary");
    expect(measureOf({ semantic_type: "integer", physical_type: "integer", measure_level: "scale" })).toBe("scale");
  });
  it("marks the deepest navigation entry and offers only pages that exist", () => {
    expect(activePath("/team/activity", ["/team", "/team/activity"])).toBe("/team/activity");
    expect(activePath("/teamwork", ["/team"])).toBeUndefined();
    expect(hasPage("/surveys")).toBe(false);
    expect(hasPage("/seo/keywords")).toBe(true);
    expect(withProject("/data", "p 1")).toBe("/data?project=p%201");
    expect(withProject("/team", "p1")).toBe("/team");
  });
  it("counts a quick return as the same visit", () => {
    const start = Date.parse("2026-01-01T00:00:00Z");
    expect(readLastVisit("t", start)).toBeNull();
    expect(readLastVisit("t", start + 60_000)).toBeNull();
    const later = readLastVisit("t", start + 3 * 3_600_000);
    expect(later).toBe("2026-01-01T00:01:00.000Z");
    expect(readLastVisit("t", start + 3 * 3_600_000 + 1000)).toBe(later);
  });
  it("lets no page run a script without its nonce, load from elsewhere, or be framed", () => {
    const policy = contentSecurityPolicy("N", false);
    expect(policy).toContain("script-src 'self' 'nonce-N' 'strict-dynamic'");
    expect(policy).not.toContain("unsafe-eval");
    expect(policy).toContain("connect-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
  });
});
