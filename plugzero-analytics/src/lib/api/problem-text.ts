import type { MessageKey, Translate } from "@/lib/i18n/translator";
import { ApiProblem } from "./problem";

const BY_CODE: Readonly<Record<string, MessageKey>> = {
  network_unreachable: "error.network",
  timeout: "error.timeout",
  service_unavailable: "error.unavailable",
  malformed_answer: "error.malformed",
};

const BY_STATUS: Readonly<Record<number, MessageKey>> = {
  0: "error.network",
  401: "error.401",
  403: "error.403",
  404: "error.404",
  409: "error.409",
  413: "error.413",
  429: "error.429",
  500: "error.500",
  502: "error.unavailable",
  503: "error.unavailable",
  504: "error.timeout",
};

/** What to show for any failure: the API's own sentence where it gave one, ours where it could not. */
export function describeProblem(error: unknown, t: Translate): { title: string; detail: string } {
  if (!(error instanceof ApiProblem)) return { title: t("error.unexpected"), detail: "" };
  const fallback = BY_CODE[error.code] ?? BY_STATUS[error.status] ?? "error.unexpected";
  return { title: error.title || t(fallback), detail: error.detail };
}
