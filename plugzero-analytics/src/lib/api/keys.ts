/**
 * Query keys by backend area. All of them start with the area's word; a change of team empties the whole
 * cache, so the team is not part of a key.
 */
export const metaKeys = { all: ["meta"] as const };

export const taskKeys = {
  all: ["tasks"] as const,
  lists: () => [...taskKeys.all, "list"] as const,
  list: (filter: Readonly<Record<string, unknown>>) => [...taskKeys.lists(), filter] as const,
  detail: (id: string) => [...taskKeys.all, "detail", id] as const,
};

export const projectKeys = {
  all: ["projects"] as const,
  list: (filter: Readonly<Record<string, unknown>> = {}) => [...projectKeys.all, "list", filter] as const,
  detail: (id: string) => [...projectKeys.all, "detail", id] as const,
};

export const fileKeys = {
  all: ["files"] as const,
  list: (filter: Readonly<Record<string, unknown>>) => [...fileKeys.all, "list", filter] as const,
  detail: (id: string) => [...fileKeys.all, "detail", id] as const,
};

export const datasetKeys = {
  all: ["datasets"] as const,
  list: (filter: Readonly<Record<string, unknown>>) => [...datasetKeys.all, "list", filter] as const,
  detail: (id: string) => [...datasetKeys.all, "detail", id] as const,
  part: (id: string, part: string, filter: Readonly<Record<string, unknown>> = {}) =>
    [...datasetKeys.detail(id), part, filter] as const,
};

export const analysisKeys = {
  all: ["analysis"] as const,
  procedures: () => [...analysisKeys.all, "procedures"] as const,
  suggestions: (dataset: string, columns: readonly string[]) =>
    [...analysisKeys.all, "suggestions", dataset, columns] as const,
  results: (filter: Readonly<Record<string, unknown>>) => [...analysisKeys.all, "results", filter] as const,
  result: (id: string) => [...analysisKeys.all, "result", id] as const,
  rows: (id: string, cell: Readonly<Record<string, unknown>>) => [...analysisKeys.result(id), "rows", cell] as const,
};

export const seoKeys = {
  all: ["seo"] as const,
  part: (part: string, filter: Readonly<Record<string, unknown>> = {}) => [...seoKeys.all, part, filter] as const,
};

export const teamKeys = {
  all: ["team"] as const,
  part: (part: string, filter: Readonly<Record<string, unknown>> = {}) => [...teamKeys.all, part, filter] as const,
};

export const accountKeys = {
  all: ["account"] as const,
  part: (part: string) => [...accountKeys.all, part] as const,
};
