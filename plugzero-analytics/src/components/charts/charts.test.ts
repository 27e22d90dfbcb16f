// @vitest-environment node
import { compile, type TopLevelSpec } from "vega-lite";
import * as vega from "vega";
import { expressionInterpreter } from "vega-interpreter";
import { describe, expect, it } from "vitest";
import { CATEGORIES_PER_PAGE, categoryAxis, chartFields, chartRows, pageCount, prepareSpec, rowsToCsv } from "./chart-spec";
import { DARK_PALETTE, LIGHT_PALETTE } from "./chart-theme";

const bars = (values: Record<string, unknown>[]) => ({
  $schema: "https://vega.github.io/schema/vega-lite/v6.json",
  title: "t",
  data: { values },
  mark: "bar",
  encoding: { y: { field: "answer", type: "nominal", title: "Answer" }, x: { field: "share", type: "quantitative", title: "Share" } },
});

/** The drawn SVG. A fixed width stands in for the container that only a browser has. */
async function drawn(spec: Record<string, unknown>, page = 0): Promise<string> {
  const prepared = { ...prepareSpec(spec, LIGHT_PALETTE, page), width: 400 };
  const view = new vega.View(vega.parse(compile(prepared as unknown as TopLevelSpec, { logger: vega.logger(vega.None) }).spec, undefined, { ast: true }), { renderer: "none", expr: expressionInterpreter, logger: vega.logger(vega.None) });
  return view.toSVG();
}

describe("charts of difficult data", () => {
  it("draws one row without NaN", async () => {
    const svg = await drawn(bars([{ answer: "only", share: 1 }]));
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    expect(svg).toContain("only");
  });
  it("draws rows with missing values without NaN", async () => {
    expect(await drawn(bars([{ answer: "a", share: null }, { answer: "b", share: 0 }]))).not.toMatch(/NaN|Infinity/);
  });
  it("shows 5,000 categories page by page and keeps them all in the table", () => {
    const spec = bars(Array.from({ length: 5000 }, (_, index) => ({ answer: `c${index}`, share: index })));
    expect(pageCount(spec)).toBe(125);
    const second = prepareSpec(spec, LIGHT_PALETTE, 1) as { data: { values: { answer: string }[] } };
    expect(second.data.values).toHaveLength(CATEGORIES_PER_PAGE);
    expect(second.data.values[0]?.answer).toBe("c40");
    expect(chartRows(spec)).toHaveLength(5000);
  });
  it("cuts labels of 300 characters, and draws right-to-left text", async () => {
    const long = "x".repeat(300);
    const svg = await drawn(bars([{ answer: long, share: 1 }, { answer: "راضٍ جدًا", share: 2 }]));
    expect(svg).toContain("راضٍ جدًا");
    const label = /<text[^>]*>(x+…?)<\/text>/.exec(svg)?.[1] ?? "";
    expect(label.length).toBeGreaterThan(0);
    expect(label.length).toBeLessThan(300);
  });
  it("escapes scripts in every text", async () => {
    const svg = await drawn(bars([{ answer: "<script>alert(1)</script>", share: 1 }, { answer: '"><img src=x onerror=alert(1)>', share: 2 }]));
    expect(svg).not.toMatch(/<script|<img/);
    expect(svg).toContain("&lt;script&gt;");
  });
  it("has a state for charts without rows", () => {
    expect(chartRows({})).toEqual([]);
    expect(chartFields({})).toEqual([]);
    expect(categoryAxis({ encoding: null })).toBeNull();
    expect(pageCount(bars([]))).toBe(1);
  });
  it("does not change the specification it is given", () => {
    const spec = bars([{ answer: "a", share: 1 }]);
    const before = JSON.stringify(spec);
    prepareSpec(spec, DARK_PALETTE);
    expect(JSON.stringify(spec)).toBe(before);
  });
  it("replaces named colour schemes by ramps of the theme", () => {
    const spec = { data: { values: [] }, mark: "rect", encoding: { color: { field: "v", type: "quantitative", scale: { scheme: "blues", domain: [0, 1] } } } };
    const prepared = prepareSpec(spec, LIGHT_PALETTE) as { encoding: { color: { scale: object } } };
    expect(prepared.encoding.color.scale).toEqual({ domain: [0, 1], range: LIGHT_PALETTE.sequential });
  });
});

describe("CSV", () => {
  it("quotes, and makes formulas harmless", () => {
    const csv = rowsToCsv([{ key: "a", title: "A, b" }], [{ a: '=HYPERLINK("x")' }, { a: "-1+1" }, { a: -1 }, { a: null }, { a: 'say "hi"\nthere' }]);
    expect(csv).toBe('"A, b"\r\n"\'=HYPERLINK(""x"")"\r\n\'-1+1\r\n-1\r\n\r\n"say ""hi""\nthere"\r\n');
  });
});

describe.each([["light", LIGHT_PALETTE], ["dark", DARK_PALETTE]])("%s palette", (_, palette) => {
  const channels = (hex: string): [number, number, number] => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255) as [number, number, number];
  const linear = (value: number): number => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const luminance = (hex: string): number => {
    const [r, g, b] = channels(hex).map(linear) as [number, number, number];
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a: string, b: string): number => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
    return (high + 0.05) / (low + 0.05);
  };
  // Machado, Oliveira and Fernandes (2009), severity 1.0, on linear RGB.
  const SIMULATIONS: Record<string, number[][]> = {
    protanopia: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    deuteranopia: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  };
  const lab = (rgb: number[]): number[] => {
    const [r = 0, g = 0, b = 0] = rgb.map((value) => Math.min(1, Math.max(0, value)));
    const f = (value: number): number => (value > 216 / 24389 ? Math.cbrt(value) : (24389 / 27 * value + 16) / 116);
    const x = f((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047);
    const y = f(0.2126729 * r + 0.7151522 * g + 0.072175 * b);
    const z = f((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883);
    return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
  };
  const seen = (hex: string, matrix: number[][]): number[] => lab(matrix.map((row) => row.reduce((sum, weight, index) => sum + weight * linear(channels(hex)[index] ?? 0), 0)));

  it("has marks that stand out from the surface", () => {
    for (const colour of palette.category) expect(contrast(colour, palette.surface)).toBeGreaterThanOrEqual(3);
    expect(contrast(palette.muted, palette.surface)).toBeGreaterThanOrEqual(4.5);
  });
  it.each(Object.keys(SIMULATIONS))("keeps its first six colours apart under %s", (name) => {
    const colours = palette.category.slice(0, 6).map((hex) => ({ hex, lab: seen(hex, SIMULATIONS[name] ?? []) }));
    for (const [index, a] of colours.entries()) {
      for (const b of colours.slice(index + 1)) {
        const distance = Math.hypot(...a.lab.map((value, at) => value - (b.lab[at] ?? 0)));
        expect(distance, `${a.hex} and ${b.hex}`).toBeGreaterThan(10);
      }
    }
  });
  it("keeps the figures on its ramps readable", () => {
    for (const colour of [...palette.sequential, ...palette.diverging]) expect(contrast(palette.ink, colour)).toBeGreaterThanOrEqual(4.5);
  });
});
