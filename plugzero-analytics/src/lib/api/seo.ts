import type {
  AuditDiff, AuditedPage, AuditedPageDetail, AuditOverview, AuditStartRequest, Competitor, CompetitorComparison, ExportImported, IssueCause, KeywordFetchRequest, KeywordSeries,
  KeywordTarget, KeywordWriteRequest, PageIssue, PageLinks, Provider, SeriesAnalysis, SeriesWithPoints, SiteAudit, SiteAuditDetail,
} from "@/types/api";
import { api, body } from "./client";
import { apiFetch } from "./fetch";
import { withQuery } from "./request";
import type { Page, TaskRun } from "./types";

export type {
  AuditDiff, AuditedPage, AuditedPageDetail, AuditOverview, AuditStartRequest, Competitor, CompetitorComparison, IssueCause, KeywordSeries, KeywordTarget, KeywordWriteRequest, PageIssue,
  Provider, SeriesAnalysis, SeriesWithPoints, SiteAudit, SiteAuditDetail,
};

export type Severity = IssueCause["severity"];
export type DiffState = AuditDiff["findings"][number]["state"];

export function listAudits(query: { project?: string; own?: boolean; page?: number; page_size?: number; search?: string }, signal?: AbortSignal): Promise<Page<SiteAudit>> {
  return body(api.GET("/api/v1/seo/audits/", { params: { query }, signal }));
}

export function getAudit(id: string, signal?: AbortSignal): Promise<SiteAuditDetail> {
  return body(api.GET("/api/v1/seo/audits/{id}/", { params: { path: { id } }, signal }));
}

export function startAudit(input: AuditStartRequest): Promise<TaskRun> {
  return body(api.POST("/api/v1/seo/audits/", { body: input }));
}

export function resumeAudit(id: string): Promise<TaskRun> {
  return body(api.POST("/api/v1/seo/audits/{id}/resume/", { params: { path: { id } }, body: {} }));
}

export async function deleteAudit(id: string): Promise<void> {
  await api.DELETE("/api/v1/seo/audits/{id}/", { params: { path: { id } } });
}

export function getOverview(id: string, signal?: AbortSignal): Promise<AuditOverview> {
  return body(api.GET("/api/v1/seo/audits/{id}/overview/", { params: { path: { id } }, signal }));
}

export function listFixes(id: string, query: { severity?: Severity; category?: string; page?: number; page_size?: number }, signal?: AbortSignal): Promise<Page<IssueCause>> {
  return body(api.GET("/api/v1/seo/audits/{id}/fixes/", { params: { path: { id }, query }, signal }));
}

export function listIssues(id: string, query: { cause?: string; state?: DiffState; page?: number; page_size?: number; search?: string }, signal?: AbortSignal): Promise<Page<PageIssue>> {
  return body(api.GET("/api/v1/seo/audits/{id}/issues/", { params: { path: { id }, query }, signal }));
}

export interface PageFilter {
  search?: string;
  status_min?: number;
  status_max?: number;
  is_indexable?: boolean;
  has_errors?: boolean;
  ordering?: string;
  page?: number;
  page_size?: number;
}

export async function listPages(id: string, { ordering, ...query }: PageFilter, signal?: AbortSignal): Promise<Page<AuditedPage>> {
  const path = withQuery(`/api/v1/seo/audits/${id}/pages/`, { ...query, ordering });
  return (await (await apiFetch(path, { signal })).json()) as Page<AuditedPage>;
}

export function getAuditedPage(id: string, page_id: string, signal?: AbortSignal): Promise<AuditedPageDetail> {
  return body(api.GET("/api/v1/seo/audits/{id}/pages/{page_id}/", { params: { path: { id, page_id } }, signal }));
}

export function listLinks(id: string, url: string, direction: "in" | "out", signal?: AbortSignal): Promise<PageLinks> {
  return body(api.GET("/api/v1/seo/audits/{id}/links/", { params: { path: { id }, query: { url, direction, limit: 100 } }, signal }));
}

export function getDiff(id: string, previous: string, query: { state?: DiffState; offset: number; limit: number }, signal?: AbortSignal): Promise<AuditDiff> {
  return body(api.GET("/api/v1/seo/audits/{id}/diff/", { params: { path: { id }, query: { ...query, with: previous } }, signal }));
}

export function exportAudit(id: string, as: "csv" | "xlsx" | "pdf"): Promise<Response> {
  return apiFetch(withQuery(`/api/v1/seo/audits/${id}/export/`, { as }), { timeoutMs: 0 });
}

export function listCompetitors(query: { project: string; page_size?: number }, signal?: AbortSignal): Promise<Page<Competitor>> {
  return body(api.GET("/api/v1/seo/competitors/", { params: { query }, signal }));
}

export function addCompetitor(input: { project: string; url: string; name: string }): Promise<Competitor> {
  return body(api.POST("/api/v1/seo/competitors/", { body: input }));
}

export function auditCompetitor(id: string, max_pages: number): Promise<TaskRun> {
  return body(api.POST("/api/v1/seo/competitors/{id}/audit/", { params: { path: { id } }, body: { max_pages } }));
}

export async function deleteCompetitor(id: string): Promise<void> {
  await api.DELETE("/api/v1/seo/competitors/{id}/", { params: { path: { id } } });
}

export function compareCompetitors(project: string, signal?: AbortSignal): Promise<CompetitorComparison> {
  return body(api.GET("/api/v1/seo/competitors/compare/", { params: { query: { project } }, signal }));
}

export function listKeywords(query: { project?: string; search?: string; intent?: KeywordTarget["intent"]; page?: number; page_size?: number }, signal?: AbortSignal): Promise<Page<KeywordTarget>> {
  return body(api.GET("/api/v1/seo/keywords/", { params: { query }, signal }));
}

export function addKeyword(input: KeywordWriteRequest): Promise<KeywordTarget> {
  return body(api.POST("/api/v1/seo/keywords/", { body: input }));
}

export async function deleteKeyword(id: string): Promise<void> {
  await api.DELETE("/api/v1/seo/keywords/{id}/", { params: { path: { id } } });
}

export function listSeries(keyword: string, signal?: AbortSignal): Promise<KeywordSeries[]> {
  return body(api.GET("/api/v1/seo/keywords/{id}/series/", { params: { path: { id: keyword } }, signal }));
}

export function getSeries(id: string, signal?: AbortSignal): Promise<SeriesWithPoints> {
  return body(api.GET("/api/v1/seo/series/{id}/", { params: { path: { id } }, signal }));
}

export function analyseSeries(id: string, signal?: AbortSignal): Promise<SeriesAnalysis> {
  return body(api.GET("/api/v1/seo/series/{id}/analysis/", { params: { path: { id } }, signal }));
}

export function fetchSeries(input: KeywordFetchRequest): Promise<TaskRun> {
  return body(api.POST("/api/v1/seo/keywords/fetch/", { body: input }));
}

export async function importSearchConsole(project: string, file: File): Promise<ExportImported> {
  const form = new FormData();
  form.set("project", project);
  form.set("file", file, file.name);
  return (await (await apiFetch("/api/v1/seo/keywords/import/", { method: "POST", body: form, timeoutMs: 120_000 })).json()) as ExportImported;
}

export function listProviders(project: string, signal?: AbortSignal): Promise<Provider[]> {
  return body(api.GET("/api/v1/seo/providers/", { params: { query: { project } }, signal }));
}
