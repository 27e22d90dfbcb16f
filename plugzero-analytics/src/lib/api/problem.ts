/** One fault inside a request body; `pointer` is a JSON pointer (RFC 6901) into it. */
export interface FieldFault {
  pointer: string;
  code: string;
  detail: string;
}

interface ProblemInit {
  status: number;
  code: string;
  title: string;
  detail?: string;
  requestId?: string;
  faults?: FieldFault[];
  /** Seconds after which the server wants the next try. */
  retryAfter?: number;
}

/** Every failed request ends as one of these, whether the API, a proxy or the network refused it. */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly requestId: string;
  readonly faults: readonly FieldFault[];
  readonly retryAfter: number | undefined;

  constructor(init: ProblemInit) {
    super(init.detail || init.title);
    this.status = init.status;
    this.code = init.code;
    this.title = init.title;
    this.detail = init.detail ?? "";
    this.requestId = init.requestId ?? "";
    this.faults = init.faults ?? [];
    this.retryAfter = init.retryAfter;
  }

  /** True where the same request may well succeed later. */
  get isTransient(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 502;
  }
}

const MAX_TEXT = 2_000;

function text(value: unknown): string {
  return typeof value === "string" ? value.slice(0, MAX_TEXT) : "";
}

function parseFaults(value: unknown): FieldFault[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry: unknown) => {
    if (typeof entry !== "object" || entry === null) return [];
    const fault = entry as Record<string, unknown>;
    return [{ pointer: text(fault.pointer), code: text(fault.code), detail: text(fault.detail) }];
  });
}

/** Retry-After in seconds: both forms of RFC 9110, a number and a date. */
export function parseRetryAfter(value: string | null, now = Date.now()): number | undefined {
  if (!value) return undefined;
  if (/^\d+$/.test(value.trim())) return Number(value);
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - now) / 1000));
}

/** Reads a failed response. A body that is no problem document (a proxy's HTML page) is never shown. */
export async function readProblem(response: Response): Promise<ApiProblem> {
  let body: Record<string, unknown> = {};
  if (/json/.test(response.headers.get("content-type") ?? "")) {
    try {
      const parsed: unknown = await response.json();
      if (typeof parsed === "object" && parsed !== null) body = parsed as Record<string, unknown>;
    } catch {
      body = {};
    }
  }
  return new ApiProblem({
    status: response.status,
    code: text(body.code) || `http_${response.status}`,
    title: text(body.title),
    detail: text(body.detail),
    requestId: text(body.request_id) || (response.headers.get("x-request-id") ?? ""),
    faults: parseFaults(body.errors),
    retryAfter: parseRetryAfter(response.headers.get("retry-after")),
  });
}

/** A request that got no answer: refused, cut off or too slow. An abort by the caller is passed on as it is. */
export function problemOfFailure(error: unknown): unknown {
  if (error instanceof ApiProblem) return error;
  // By name: a DOMException of another realm is no instance of this one's class.
  if ((error as { name?: unknown } | null)?.name === "TimeoutError") {
    return new ApiProblem({ status: 0, code: "timeout", title: "" });
  }
  if (error instanceof TypeError) return new ApiProblem({ status: 0, code: "network_unreachable", title: "" });
  return error;
}

export function isProblem(error: unknown, code?: string): error is ApiProblem {
  return error instanceof ApiProblem && (code === undefined || error.code === code);
}
