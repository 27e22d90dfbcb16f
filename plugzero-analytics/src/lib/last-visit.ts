const KEY = "plugzero.visit.";
/** Coming back within this time is the same visit. */
const SAME_VISIT_MS = 30 * 60_000;

interface Visit {
  /** When the visit before this one ended. */
  before: string | null;
  seen: string;
}

/** When this person was last here before the present visit; null on the first one. Moves the mark of the visit. */
export function readLastVisit(teamId: string, now = Date.now()): string | null {
  const key = KEY + teamId;
  let visit: Visit | null = null;
  try {
    const parsed = JSON.parse(window.localStorage.getItem(key) ?? "null") as Partial<Visit> | null;
    if (parsed && typeof parsed.seen === "string") visit = { before: parsed.before ?? null, seen: parsed.seen };
    const isSame = visit !== null && now - Date.parse(visit.seen) < SAME_VISIT_MS;
    const next: Visit = { before: isSame ? (visit?.before ?? null) : (visit?.seen ?? null), seen: new Date(now).toISOString() };
    window.localStorage.setItem(key, JSON.stringify(next));
    return next.before;
  } catch {
    return visit?.before ?? null;
  }
}
