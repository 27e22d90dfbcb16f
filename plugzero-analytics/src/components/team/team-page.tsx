"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { MailPlus, MoreHorizontal, Plus, UserMinus } from "lucide-react";
import { useState } from "react";
import { Usage } from "@/components/home/home-page";
import { PageHeader } from "@/components/page-header";
import { ROLE_LABELS } from "@/components/shell/team-menu";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Card, CardHeader, CardTitle } from "@/components/ui/card";
import { Confirm } from "@/components/ui/confirm";
import { ErrorState } from "@/components/ui/error-state";
import { MenuContent, MenuItem, MenuRoot, MenuTrigger } from "@/components/ui/menu";
import { Pagination } from "@/components/ui/pagination";
import { Select } from "@/components/ui/select";
import { Skeleton } from "@/components/ui/skeleton";
import { Table, TableCell, TableHead, TableRow } from "@/components/ui/table";
import { Tabs, TabsContent, TabsList, TabsTrigger } from "@/components/ui/tabs";
import { toast } from "@/components/ui/toast";
import { useI18n } from "@/context/i18n";
import { useMeta } from "@/context/meta";
import { ReauthenticationProvider, useReauthentication } from "@/context/reauthentication";
import { useUrlState } from "@/hooks/use-url-state";
import { listInvitations, listMembers, type Member, removeMember, resendInvitation, revokeInvitation, type RoleEnum, transferTeam, updateMember } from "@/lib/api/account";
import { metaKeys, teamKeys } from "@/lib/api/keys";
import { describeProblem } from "@/lib/api/problem-text";
import { ApiKeys } from "./api-keys";
import { InviteDialog, NewTeamDialog } from "./team-dialogs";
import { TeamSettings } from "./team-settings";

const TABS = ["members", "keys", "settings"] as const;
export const ROLES: readonly RoleEnum[] = ["OWNER", "ADMIN", "MEMBER", "VIEWER"];
const PAGE_SIZE = 50;

export function TeamPage() {
  const { t } = useI18n();
  const { can, team } = useMeta();
  const { get, set } = useUrlState();
  const [dialog, setDialog] = useState<"invite" | "team" | null>(null);
  const tab = TABS.find((known) => known === get("tab")) ?? "members";
  if (!team) return null;
  return (
    <ReauthenticationProvider>
      <PageHeader
        title={team.name}
        intro={t("team.intro")}
        actions={
          <>
            <Button onClick={() => setDialog("team")}><Plus aria-hidden /> {t("team.create")}</Button>
            {can("members.manage") && !team.is_personal ? <Button variant="primary" onClick={() => setDialog("invite")}><MailPlus aria-hidden /> {t("team.invite")}</Button> : null}
          </>
        }
      />
      {team.is_personal ? <p className="mb-4 rounded-lg bg-sunken px-4 py-2.5 text-sm text-ink-2">{t("team.personal")}</p> : null}
      <Tabs value={tab} onValueChange={(next) => set({ tab: next === "members" ? null : next })}>
        <TabsList aria-label={t("nav.team")}>
          <TabsTrigger value="members">{t("team.members")}</TabsTrigger>
          {can("api_keys.manage") ? <TabsTrigger value="keys">{t("team.keys")}</TabsTrigger> : null}
          <TabsTrigger value="settings">{t("team.settings")}</TabsTrigger>
        </TabsList>
        <TabsContent value="members" className="flex flex-col gap-4">
          <Members teamId={team.id} />
          {can("members.manage") && !team.is_personal ? <Invitations teamId={team.id} /> : null}
        </TabsContent>
        {can("api_keys.manage") ? <TabsContent value="keys"><ApiKeys teamId={team.id} /></TabsContent> : null}
        <TabsContent value="settings" className="grid items-start gap-4 lg:grid-cols-2">
          <TeamSettings teamId={team.id} />
          <Usage />
        </TabsContent>
      </Tabs>
      {dialog === "invite" ? <InviteDialog teamId={team.id} onClose={() => setDialog(null)} /> : null}
      {dialog === "team" ? <NewTeamDialog onClose={() => setDialog(null)} /> : null}
    </ReauthenticationProvider>
  );
}

function Members({ teamId }: { teamId: string }) {
  const { t, format } = useI18n();
  const { can, team } = useMeta();
  const client = useQueryClient();
  const confirmed = useReauthentication();
  const [page, setPage] = useState(1);
  const [doomed, setDoomed] = useState<Member | null>(null);
  const key = teamKeys.part("members", { teamId, page });
  const query = useQuery({ queryKey: key, queryFn: ({ signal }) => listMembers(teamId, page, signal) });
  const refresh = (): void => {
    void client.invalidateQueries({ queryKey: teamKeys.all });
    void client.invalidateQueries({ queryKey: metaKeys.all });
  };
  const fail = (error: unknown): void => toast(describeProblem(error, t).detail || describeProblem(error, t).title, { tone: "bad" });
  const change = useMutation({
    mutationFn: ({ member, ...input }: { member: Member; role?: RoleEnum; is_suspended?: boolean }) => updateMember(teamId, member.id, input),
    onSuccess: (saved, { member, role, is_suspended }) => {
      refresh();
      const undo = (): void =>
        change.mutate({ member: saved, ...(role !== undefined ? { role: member.role } : {}), ...(is_suspended !== undefined ? { is_suspended: member.is_suspended } : {}) });
      toast(t("members.changed", { name: member.user.name || member.user.email }), { undo });
    },
    onError: fail,
  });
  const remove = useMutation({ mutationFn: (member: Member) => removeMember(teamId, member.id), onSuccess: () => { setDoomed(null); refresh(); }, onError: fail });
  const transfer = useMutation({ mutationFn: (member: Member) => confirmed(() => transferTeam(teamId, member.id)), onSuccess: () => { refresh(); toast(t("members.transferred")); }, onError: fail });
  const manage = can("members.manage") && !team?.is_personal;
  return (
    <Card>
      <CardHeader><CardTitle>{t("team.members")}</CardTitle></CardHeader>
      {query.isPending ? <Skeleton className="m-4 h-24" /> : null}
      {query.isError ? <ErrorState compact className="m-4" error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.data ? (
        <>
          <Table label={t("team.members")}>
            <thead>
              <tr>
                <TableHead>{t("data.name")}</TableHead>
                <TableHead>{t("members.role")}</TableHead>
                <TableHead>{t("members.joined")}</TableHead>
                {manage ? <TableHead><span className="sr-only">{t("common.more")}</span></TableHead> : null}
              </tr>
            </thead>
            <tbody>
              {query.data.results.map((member) => {
                const label = ROLE_LABELS[member.role];
                const name = member.user.name || member.user.email;
                return (
                  <TableRow key={member.id}>
                    <TableCell className="max-w-80">
                      <span dir="auto" className="block truncate font-medium">{name}</span>
                      <span dir="ltr" className="block truncate text-start text-xs text-ink-3">{member.user.email}</span>
                    </TableCell>
                    <TableCell>
                      {manage && member.role !== "OWNER" ? (
                        <Select
                          size="sm"
                          className="w-32"
                          aria-label={t("members.roleOf", { name })}
                          value={member.role}
                          onValueChange={(role) => change.mutate({ member, role: role as RoleEnum })}
                          options={ROLES.filter((role) => role !== "OWNER").map((role) => ({ value: role, label: t(ROLE_LABELS[role] ?? "role.MEMBER") }))}
                        />
                      ) : (
                        <Badge tone={member.role === "OWNER" ? "accent" : "neutral"}>{label ? t(label) : member.role}</Badge>
                      )}
                      {member.is_suspended ? <Badge tone="bad" className="ms-2">{t("members.suspended")}</Badge> : null}
                      {member.project_ids ? <Badge tone="warning" className="ms-2">{t("members.limited", { count: member.project_ids.length })}</Badge> : null}
                    </TableCell>
                    <TableCell className="whitespace-nowrap text-ink-3">{format.date(member.created_at)}</TableCell>
                    {manage ? (
                      <TableCell className="text-end">
                        {member.role !== "OWNER" ? (
                          <MenuRoot>
                            <MenuTrigger asChild><Button size="icon-sm" variant="ghost" aria-label={t("members.actions", { name })}><MoreHorizontal aria-hidden /></Button></MenuTrigger>
                            <MenuContent align="end">
                              <MenuItem onSelect={() => change.mutate({ member, is_suspended: !member.is_suspended })}>{member.is_suspended ? t("members.unsuspend") : t("members.suspend")}</MenuItem>
                              {can("team.transfer") ? <MenuItem onSelect={() => transfer.mutate(member)}>{t("members.transfer")}</MenuItem> : null}
                              <MenuItem tone="danger" onSelect={() => setDoomed(member)}><UserMinus aria-hidden /> {t("common.remove")}</MenuItem>
                            </MenuContent>
                          </MenuRoot>
                        ) : null}
                      </TableCell>
                    ) : null}
                  </TableRow>
                );
              })}
            </tbody>
          </Table>
          <Pagination page={page} pageSize={PAGE_SIZE} count={query.data.count} onPage={setPage} />
        </>
      ) : null}
      <Confirm
        open={doomed !== null}
        onOpenChange={(open) => (open ? undefined : setDoomed(null))}
        title={t("members.removeTitle", { name: doomed?.user.name || doomed?.user.email || "" })}
        description={t("members.removeDetail")}
        confirmLabel={t("common.remove")}
        danger
        pending={remove.isPending}
        onConfirm={() => doomed && remove.mutate(doomed)}
      />
    </Card>
  );
}

function Invitations({ teamId }: { teamId: string }) {
  const { t, format } = useI18n();
  const client = useQueryClient();
  const [page, setPage] = useState(1);
  const query = useQuery({ queryKey: teamKeys.part("invitations", { teamId, page }), queryFn: ({ signal }) => listInvitations(teamId, page, signal) });
  const refresh = (): void => void client.invalidateQueries({ queryKey: teamKeys.all });
  const fail = (error: unknown): void => toast(describeProblem(error, t).detail || describeProblem(error, t).title, { tone: "bad" });
  const resend = useMutation({ mutationFn: (id: string) => resendInvitation(teamId, id), onSuccess: () => { refresh(); toast(t("invitations.resent")); }, onError: fail });
  const revoke = useMutation({ mutationFn: (id: string) => revokeInvitation(teamId, id), onSuccess: () => { refresh(); toast(t("invitations.revoked")); }, onError: fail });
  if (query.isError) return <ErrorState compact error={query.error} onRetry={() => void query.refetch()} />;
  if (!query.data || query.data.count === 0) return null;
  return (
    <Card>
      <CardHeader><CardTitle>{t("invitations.title")}</CardTitle></CardHeader>
      <Table label={t("invitations.title")}>
        <tbody>
          {query.data.results.map((invitation) => {
            const label = ROLE_LABELS[invitation.role];
            return (
              <TableRow key={invitation.id}>
                <TableCell dir="ltr" className="text-start">{invitation.email}</TableCell>
                <TableCell>{label ? t(label) : invitation.role}</TableCell>
                <TableCell><Badge tone={invitation.invitation_state === "open" ? "accent" : "neutral"}>{invitation.invitation_state}</Badge></TableCell>
                <TableCell className="text-xs whitespace-nowrap text-ink-3">{t("invitations.expires", { when: format.date(invitation.expires_at) })}</TableCell>
                <TableCell className="text-end whitespace-nowrap">
                  {invitation.invitation_state === "open" ? (
                    <>
                      <Button size="sm" variant="ghost" onClick={() => resend.mutate(invitation.id)}>{t("invitations.resend")}</Button>
                      <Button size="sm" variant="ghost" onClick={() => revoke.mutate(invitation.id)}>{t("invitations.revoke")}</Button>
                    </>
                  ) : null}
                </TableCell>
              </TableRow>
            );
          })}
        </tbody>
      </Table>
      <Pagination page={page} pageSize={PAGE_SIZE} count={query.data.count} onPage={setPage} />
    </Card>
  );
}
