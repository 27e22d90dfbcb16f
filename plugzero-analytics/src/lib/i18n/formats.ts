import type { Locale } from "./locales";

const BYTE_UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

export interface Formats {
  number: (value: number, options?: Intl.NumberFormatOptions) => string;
  /** A figure of a result: at most `digits` significant digits, never scientific for everyday sizes. */
  figure: (value: number | null | undefined, digits?: number) => string;
  percent: (share: number, digits?: number) => string;
  bytes: (value: number) => string;
  date: (value: string | number | Date) => string;
  dateTime: (value: string | number | Date) => string;
  relative: (value: string | number | Date, now?: number) => string;
  duration: (milliseconds: number) => string;
}

const DASH = "–";

export function createFormats(locale: Locale, timeZone?: string): Formats {
  const number: Formats["number"] = (value, options) => new Intl.NumberFormat(locale, options).format(value);
  const valid = (value: string | number | Date): Date | null => {
    const date = new Date(value);
    return Number.isNaN(date.getTime()) ? null : date;
  };
  return {
    number,
    figure(value, digits = 4) {
      if (value === null || value === undefined || !Number.isFinite(value)) return DASH;
      if (Number.isInteger(value)) return number(value);
      const size = Math.abs(value);
      if (size !== 0 && (size < 1e-4 || size >= 1e12)) {
        return number(value, { notation: "scientific", maximumSignificantDigits: digits });
      }
      return number(value, size >= 10 ** digits ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: digits });
    },
    percent: (share, digits = 1) => number(share, { style: "percent", maximumFractionDigits: digits }),
    bytes(value) {
      let size = Math.max(0, value);
      let unit = 0;
      while (size >= 1000 && unit < BYTE_UNITS.length - 1) {
        size /= 1000;
        unit += 1;
      }
      return number(size, {
        style: "unit", unit: BYTE_UNITS[unit] ?? "byte", unitDisplay: "short",
        maximumFractionDigits: unit === 0 || size >= 100 ? 0 : 1,
      });
    },
    date(value) {
      const date = valid(value);
      return date ? new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeZone }).format(date) : DASH;
    },
    dateTime(value) {
      const date = valid(value);
      return date
        ? new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short", timeZone }).format(date)
        : DASH;
    },
    relative(value, now = Date.now()) {
      const date = valid(value);
      if (!date) return DASH;
      const seconds = Math.round((date.getTime() - now) / 1000);
      const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
      const size = Math.abs(seconds);
      if (size < 60) return relative.format(Math.trunc(seconds / 10) * 10, "second");
      if (size < 3600) return relative.format(Math.trunc(seconds / 60), "minute");
      if (size < 86_400) return relative.format(Math.trunc(seconds / 3600), "hour");
      if (size < 30 * 86_400) return relative.format(Math.trunc(seconds / 86_400), "day");
      return new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeZone }).format(date);
    },
    duration(milliseconds) {
      const seconds = Math.max(0, milliseconds) / 1000;
      const unit = (value: number, name: "second" | "minute" | "hour", digits = 0): string =>
        number(value, { style: "unit", unit: name, unitDisplay: "narrow", maximumFractionDigits: digits });
      if (seconds < 60) return unit(seconds, "second", seconds < 10 ? 1 : 0);
      if (seconds < 3600) return `${unit(Math.floor(seconds / 60), "minute")} ${unit(Math.floor(seconds % 60), "second")}`;
      return `${unit(Math.floor(seconds / 3600), "hour")} ${unit(Math.floor((seconds % 3600) / 60), "minute")}`;
    },
  };
}
