import { describe, expect, it } from "vitest";
import { createFormats } from "./formats";
import { ar } from "./messages/ar";
import { en } from "./messages/en";
import { createTranslator, formatMessage, type MessageKey } from "./translator";

const keys = Object.keys(en) as MessageKey[];
const names = (message: string): string[] => [...new Set([...message.matchAll(/\{(\w+)/g)].map((match) => match[1] ?? ""))].filter((name) => !/^\d+$/.test(name)).sort();
const parameters = (message: string): string[] => names(message.replaceAll(/(?:zero|one|two|few|many|other|=\d+) \{/g, "("));

describe("catalogue", () => {
  it("has every key in both languages", () => {
    expect(Object.keys(ar).sort()).toEqual([...keys].sort());
  });
  it.each(keys)("uses the same parameters in both languages: %s", (key) => {
    for (const name of parameters(ar[key])) expect(parameters(en[key])).toContain(name);
  });
  it.each(keys)("closes every brace: %s", (key) => {
    for (const message of [en[key], ar[key]]) expect(message.split("{").length).toBe(message.split("}").length);
  });
});

describe("formatMessage", () => {
  it("fills parameters and leaves unknown ones visible", () => {
    expect(formatMessage("{a} and {b}", { a: "x" }, "en")).toBe("x and {b}");
  });
  it.each([
    [0, "no rows"],
    [1, "1 row"],
    [1234, "1,234 rows"],
  ])("chooses the English plural of %i", (count, expected) => {
    expect(formatMessage("{count, plural, =0 {no rows} one {# row} other {# rows}}", { count }, "en")).toBe(expected);
  });
  it("chooses Arabic's six plurals", () => {
    const t = createTranslator("ar", ar);
    const forms = [0, 1, 2, 3, 11, 100].map((count) => t("preview.rowCount", { count }));
    expect(new Set(forms).size).toBe(6);
  });
  it("does not read a user's braces as parameters", () => {
    expect(formatMessage("Hello {name}", { name: "{count, plural, one {x}}" }, "en")).toBe("Hello {count, plural, one {x}}");
  });
});

describe("formats", () => {
  const format = createFormats("en", "UTC");
  it.each([
    [null, "–"],
    [Number.NaN, "–"],
    [Number.POSITIVE_INFINITY, "–"],
    [0, "0"],
    [0.10929757, "0.1093"],
    [12345.678, "12,346"],
    [0.0000123, "1.23E-5"],
  ])("shows the figure %s as %s", (value, expected) => {
    expect(format.figure(value)).toBe(expected);
  });
  it("shows a date that is none as a dash", () => {
    expect(format.dateTime("not a date")).toBe("–");
    expect(format.relative("")).toBe("–");
  });
  it("scales bytes", () => {
    expect(format.bytes(999)).toBe("999 byte");
    expect(format.bytes(1_234_567)).toBe("1.2 MB");
  });
});
