import { ApiProblem, problemOfFailure, readProblem } from "@/lib/api/problem";
import { accessExpiry } from "./tokens";

/**
 * The session of this tab. The refresh token lives in an HttpOnly cookie that no script can read; the access
 * token lives in this module's memory and nowhere else. Tabs share a fresh access token over a
 * BroadcastChannel and take turns to refresh under a Web Lock, so that a rotating refresh token is used once.
 */
export type SessionStatus = "unknown" | "active" | "expired" | "signed-out";

interface Challenge {
  challenge: string;
  methods: string[];
}

export type SignInOutcome = { kind: "signed-in" } | ({ kind: "challenge" } & Challenge);

type Message = { type: "access"; access: string } | { type: "signed-out" };

const CHANNEL = "plugzero-session";
const REFRESH_LOCK = "plugzero-session-refresh";
/** Refresh this long before the access token ends, to stay ahead of clock skew and slow requests. */
const EARLY_MS = 30_000;

let access: string | null = null;
let status: SessionStatus = "unknown";
let refreshing: Promise<string> | null = null;
const listeners = new Set<() => void>();

const channel = typeof window !== "undefined" && "BroadcastChannel" in window ? new BroadcastChannel(CHANNEL) : null;

function publish(next: SessionStatus): void {
  if (status === next) return;
  status = next;
  listeners.forEach((listener) => listener());
}

function adopt(token: string, announce: boolean): void {
  access = token;
  publish("active");
  if (announce) channel?.postMessage({ type: "access", access: token } satisfies Message);
}

channel?.addEventListener("message", (event: MessageEvent<Message>) => {
  if (event.data.type === "access") adopt(event.data.access, false);
  else {
    access = null;
    publish("signed-out");
  }
});

async function post(path: string, body?: unknown): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(`/session/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body ?? {}),
      cache: "no-store",
      signal: AbortSignal.timeout(20_000),
    });
  } catch (error) {
    throw problemOfFailure(error);
  }
  if (!response.ok) throw await readProblem(response);
  return response;
}

async function readAccess(response: Response): Promise<string> {
  const body = (await response.json()) as { access?: unknown };
  if (typeof body.access !== "string") throw new ApiProblem({ status: 502, code: "malformed_answer", title: "" });
  return body.access;
}

function isFresh(token: string | null): token is string {
  return token !== null && accessExpiry(token) - Date.now() > EARLY_MS;
}

async function withLock<T>(work: () => Promise<T>): Promise<T> {
  if (typeof navigator !== "undefined" && "locks" in navigator) {
    return (await navigator.locks.request(REFRESH_LOCK, work)) as T;
  }
  return work();
}

/** Gets a new access token. `stale` is the one that the API refused: another tab may have replaced it already. */
export function refreshAccess(stale: string | null = null): Promise<string> {
  refreshing ??= withLock(async () => {
    if (isFresh(access) && access !== stale) return access;
    try {
      const response = await post("refresh");
      if (response.status === 204) throw new ApiProblem({ status: 401, code: "not_authenticated", title: "" });
      const token = await readAccess(response);
      adopt(token, true);
      return token;
    } catch (error) {
      if (error instanceof ApiProblem && (error.status === 401 || error.status === 403)) {
        const hadSession = access !== null || status === "active";
        access = null;
        publish(hadSession ? "expired" : "signed-out");
      }
      throw error;
    }
  }).finally(() => {
    refreshing = null;
  });
  return refreshing;
}

/** The access token to send; refreshed first when it is missing or about to end. */
export async function currentAccess(): Promise<string> {
  return isFresh(access) ? access : refreshAccess();
}

async function signInOutcome(response: Response): Promise<SignInOutcome> {
  const body = (await response.json()) as { access?: unknown; challenge?: unknown; methods?: unknown };
  if (typeof body.challenge === "string") {
    const methods = Array.isArray(body.methods) ? body.methods.filter((m): m is string => typeof m === "string") : [];
    return { kind: "challenge", challenge: body.challenge, methods };
  }
  if (typeof body.access !== "string") throw new ApiProblem({ status: 502, code: "malformed_answer", title: "" });
  adopt(body.access, true);
  return { kind: "signed-in" };
}

export async function signIn(email: string, password: string): Promise<SignInOutcome> {
  return signInOutcome(await post("login", { email, password }));
}

/** Creates the account. The API may sign the new user in at once or ask for the mailed confirmation first. */
export async function signUp(input: { name: string; email: string; password: string }): Promise<"signed-in" | "registered"> {
  const response = await post("register", input);
  const body: unknown = response.status === 204 ? null : await response.json().catch(() => null);
  const token = (body as { access?: unknown } | null)?.access;
  if (typeof token !== "string") return "registered";
  adopt(token, true);
  return "signed-in";
}

/** Makes the account an invitation was sent for, joins its team, and is signed in. */
export async function joinAsNew(input: { token: string; name: string; password: string }): Promise<void> {
  await signInOutcome(await post("join", input));
}

export async function verifySecondFactor(challenge: string, method: string, code: string): Promise<SignInOutcome> {
  return signInOutcome(await post("verify", { challenge, method, code }));
}

export async function signOut(): Promise<void> {
  try {
    await post("logout");
  } finally {
    access = null;
    publish("signed-out");
    channel?.postMessage({ type: "signed-out" } satisfies Message);
  }
}

export function sessionStatus(): SessionStatus {
  return status;
}

export function subscribeToSession(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Forgets everything; for tests, where the module outlives a case. */
export function resetSession(): void {
  access = null;
  status = "unknown";
  refreshing = null;
  listeners.clear();
}
