import type { Locale } from "./locales";
import type { en } from "./messages/en";

export type MessageKey = keyof typeof en;
export type Messages = Readonly<Record<MessageKey, string>>;
export type MessageParams = Readonly<Record<string, string | number>>;
export type Translate = (key: MessageKey, params?: MessageParams) => string;

/** End index (exclusive) of the `{...}` group that opens at `start`; -1 when it never closes. */
function groupEnd(text: string, start: number): number {
  let depth = 0;
  for (let i = start; i < text.length; i += 1) {
    if (text[i] === "{") depth += 1;
    else if (text[i] === "}") {
      depth -= 1;
      if (depth === 0) return i + 1;
    }
  }
  return -1;
}

function pluralBranch(branches: string, count: number, locale: Locale): string | undefined {
  const category = new Intl.PluralRules(locale).select(count);
  const found = new Map<string, string>();
  let rest = branches;
  for (;;) {
    const open = rest.indexOf("{");
    if (open < 0) break;
    const end = groupEnd(rest, open);
    if (end < 0) break;
    found.set(rest.slice(0, open).trim(), rest.slice(open + 1, end - 1));
    rest = rest.slice(end);
  }
  return found.get(`=${count}`) ?? found.get(category) ?? found.get("other");
}

/**
 * Fills a message of the catalogue. Two forms are understood: `{name}` and
 * `{name, plural, one {# row} other {# rows}}` (the categories of Intl.PluralRules; `#` is the number).
 * A parameter that is missing stays visible as `{name}` rather than vanishing.
 */
export function formatMessage(message: string, params: MessageParams, locale: Locale): string {
  let out = "";
  let i = 0;
  while (i < message.length) {
    const open = message.indexOf("{", i);
    if (open < 0) return out + message.slice(i);
    const end = groupEnd(message, open);
    if (end < 0) return out + message.slice(i);
    out += message.slice(i, open);
    const inner = message.slice(open + 1, end - 1);
    const comma = inner.indexOf(",");
    const name = (comma < 0 ? inner : inner.slice(0, comma)).trim();
    const value = params[name];
    if (value === undefined) out += `{${name}}`;
    else if (comma >= 0 && /^,\s*plural\s*,/.test(inner.slice(comma))) {
      const count = Number(value);
      const branches = inner.slice(inner.indexOf(",", comma + 1) + 1);
      const branch = pluralBranch(branches, count, locale) ?? "";
      out += formatMessage(branch.replaceAll("#", new Intl.NumberFormat(locale).format(count)), params, locale);
    } else out += typeof value === "number" ? new Intl.NumberFormat(locale).format(value) : value;
    i = end;
  }
  return out;
}

export function createTranslator(locale: Locale, messages: Messages): Translate {
  return (key, params) => {
    const message = messages[key];
    return params ? formatMessage(message, params, locale) : message;
  };
}
