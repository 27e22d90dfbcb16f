import type { Locale } from "./locales";
import type { Messages } from "./translator";

/** Loads one language; the other never reaches the browser. */
export async function loadMessages(locale: Locale): Promise<Messages> {
  return locale === "ar" ? (await import("./messages/ar")).ar : (await import("./messages/en")).en;
}
