import type { Activity, ApiKey, ApiKeyCreateRequest, Invitation, InvitationPreview, IssuedApiKey, Me, Member, Passkey, RoleEnum, Session, Team } from "@/types/api";
import { api, body } from "./client";
import { apiFetch } from "./fetch";
import { publicRequest } from "./public";
import { withQuery } from "./request";
import type { Page } from "./types";

export type { Activity, ApiKey, ApiKeyCreateRequest, Invitation, InvitationPreview, IssuedApiKey, Me, Member, Passkey, RoleEnum, Session, Team };

/** A one-time code that stands beside the password. */
export interface Proof {
  method: "totp" | "recovery_code";
  code: string;
}

export function getMe(signal?: AbortSignal): Promise<Me> {
  return body(api.GET("/api/v1/me/", { signal }));
}

export function updateMe(input: { name: string }): Promise<Me> {
  return body(api.PATCH("/api/v1/me/", { body: input }));
}

export async function reauthenticate(password: string, proof: Proof | null): Promise<void> {
  await api.POST("/api/v1/me/reauthenticate/", { body: { password, proof: proof ? { ...proof, token: "", credential: null } : null } });
}

export async function changePassword(current_password: string, password: string): Promise<void> {
  await api.POST("/api/v1/me/password/", { body: { current_password, password } });
}

export async function changeEmail(email: string): Promise<void> {
  await api.POST("/api/v1/me/email/", { body: { email } });
}

export async function resendVerification(): Promise<void> {
  await api.POST("/api/v1/me/verification/");
}

export function exportOwnData(): Promise<Response> {
  return apiFetch("/api/v1/me/export/");
}

export async function deleteAccount(): Promise<void> {
  await api.DELETE("/api/v1/me/");
}

export function startTotp(): Promise<{ secret: string; uri: string }> {
  return body(api.POST("/api/v1/me/totp/"));
}

export async function confirmTotp(code: string): Promise<string[]> {
  return (await body(api.POST("/api/v1/me/totp/confirm/", { body: { code } }))).recovery_codes;
}

export async function disableTotp(): Promise<void> {
  await api.DELETE("/api/v1/me/totp/");
}

export async function renewRecoveryCodes(): Promise<string[]> {
  return (await body(api.POST("/api/v1/me/recovery-codes/"))).recovery_codes;
}

export function listSessions(signal?: AbortSignal): Promise<Page<Session>> {
  return body(api.GET("/api/v1/me/sessions/", { signal }));
}

export async function endSession(id: string): Promise<void> {
  await api.DELETE("/api/v1/me/sessions/{id}/", { params: { path: { id } } });
}

export async function endOtherSessions(): Promise<number> {
  return (await body(api.POST("/api/v1/me/sessions/end-others/"))).ended;
}

export async function acceptInvitation(token: string): Promise<string> {
  return (await body(api.POST("/api/v1/me/invitations/accept/", { body: { token } }))).team_id;
}

export function previewInvitation(token: string): Promise<InvitationPreview> {
  return publicRequest<InvitationPreview>("POST", "/api/v1/auth/invitations/preview/", { token });
}

export function createTeam(name: string): Promise<Team> {
  return body(api.POST("/api/v1/teams/", { body: { name } }));
}

export function getTeam(team_pk: string, signal?: AbortSignal): Promise<Team> {
  return body(api.GET("/api/v1/teams/{team_pk}/", { params: { path: { team_pk } }, signal }));
}

export function updateTeam(team_pk: string, input: { name?: string; requires_two_factor?: boolean }): Promise<Team> {
  return body(api.PATCH("/api/v1/teams/{team_pk}/", { params: { path: { team_pk } }, body: input }));
}

export async function deleteTeam(team_pk: string): Promise<void> {
  await api.DELETE("/api/v1/teams/{team_pk}/", { params: { path: { team_pk } } });
}

export async function leaveTeam(team_pk: string): Promise<void> {
  await api.POST("/api/v1/teams/{team_pk}/leave/", { params: { path: { team_pk } } });
}

export async function transferTeam(team_pk: string, member_id: string): Promise<void> {
  await api.POST("/api/v1/teams/{team_pk}/transfer/", { params: { path: { team_pk } }, body: { member_id } });
}

export function listMembers(team_pk: string, page: number, signal?: AbortSignal): Promise<Page<Member>> {
  return body(api.GET("/api/v1/teams/{team_pk}/members/", { params: { path: { team_pk }, query: { page } }, signal }));
}

export function updateMember(team_pk: string, id: string, input: { role?: RoleEnum; is_suspended?: boolean; project_ids?: string[] | null }): Promise<Member> {
  return body(api.PATCH("/api/v1/teams/{team_pk}/members/{id}/", { params: { path: { team_pk, id } }, body: input }));
}

export async function removeMember(team_pk: string, id: string): Promise<void> {
  await api.DELETE("/api/v1/teams/{team_pk}/members/{id}/", { params: { path: { team_pk, id } } });
}

export function listInvitations(team_pk: string, page: number, signal?: AbortSignal): Promise<Page<Invitation>> {
  return body(api.GET("/api/v1/teams/{team_pk}/invitations/", { params: { path: { team_pk }, query: { page } }, signal }));
}

export function inviteMember(team_pk: string, input: { email: string; role: RoleEnum }): Promise<Invitation> {
  return body(api.POST("/api/v1/teams/{team_pk}/invitations/", { params: { path: { team_pk } }, body: { ...input, project_ids: null } }));
}

export function resendInvitation(team_pk: string, id: string): Promise<Invitation> {
  return body(api.POST("/api/v1/teams/{team_pk}/invitations/{id}/resend/", { params: { path: { team_pk, id } } }));
}

export async function revokeInvitation(team_pk: string, id: string): Promise<void> {
  await api.DELETE("/api/v1/teams/{team_pk}/invitations/{id}/", { params: { path: { team_pk, id } } });
}

export function listApiKeys(team_pk: string, page: number, signal?: AbortSignal): Promise<Page<ApiKey>> {
  return body(api.GET("/api/v1/teams/{team_pk}/api-keys/", { params: { path: { team_pk }, query: { page } }, signal }));
}

export function createApiKey(team_pk: string, input: ApiKeyCreateRequest): Promise<IssuedApiKey> {
  return body(api.POST("/api/v1/teams/{team_pk}/api-keys/", { params: { path: { team_pk } }, body: input }));
}

export async function revokeApiKey(team_pk: string, id: string): Promise<void> {
  await api.DELETE("/api/v1/teams/{team_pk}/api-keys/{id}/", { params: { path: { team_pk, id } } });
}

export function listActivity(team_pk: string, query: { page?: number; action?: string }, signal?: AbortSignal): Promise<Page<Activity>> {
  return body(api.GET("/api/v1/teams/{team_pk}/activity/", { params: { path: { team_pk }, query }, signal }));
}

export function exportActivity(team_pk: string, action?: string): Promise<Response> {
  return apiFetch(withQuery(`/api/v1/teams/${team_pk}/activity/export/`, { action }), { timeoutMs: 0 });
}
