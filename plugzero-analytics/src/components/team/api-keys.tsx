"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Copy, KeyRound, Plus } from "lucide-react";
import { useState } from "react";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Card, CardHeader, CardTitle } from "@/components/ui/card";
import { Checkbox } from "@/components/ui/checkbox";
import { Confirm } from "@/components/ui/confirm";
import { Dialog, DialogContent } from "@/components/ui/dialog";
import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState, FormError } from "@/components/ui/error-state";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import { Skeleton } from "@/components/ui/skeleton";
import { Table, TableCell, TableHead, TableRow } from "@/components/ui/table";
import { toast } from "@/components/ui/toast";
import { useI18n } from "@/context/i18n";
import { useMeta } from "@/context/meta";
import { useReauthentication } from "@/context/reauthentication";
import { type ApiKey, createApiKey, type IssuedApiKey, listApiKeys, revokeApiKey } from "@/lib/api/account";
import { teamKeys } from "@/lib/api/keys";
import { describeProblem } from "@/lib/api/problem-text";

export function ApiKeys({ teamId }: { teamId: string }) {
  const { t, format } = useI18n();
  const client = useQueryClient();
  const [creating, setCreating] = useState(false);
  const [issued, setIssued] = useState<IssuedApiKey | null>(null);
  const [doomed, setDoomed] = useState<ApiKey | null>(null);
  const query = useQuery({ queryKey: teamKeys.part("keys", { teamId }), queryFn: ({ signal }) => listApiKeys(teamId, 1, signal) });
  const refresh = (): void => void client.invalidateQueries({ queryKey: teamKeys.part("keys").slice(0, 2) });
  const revoke = useMutation({
    mutationFn: (key: ApiKey) => revokeApiKey(teamId, key.id),
    onSuccess: () => {
      setDoomed(null);
      refresh();
    },
    onError: (error) => toast(describeProblem(error, t).title, { tone: "bad" }),
  });
  const create = <Button variant="primary" onClick={() => setCreating(true)}><Plus aria-hidden /> {t("keys.create")}</Button>;
  return (
    <>
      {query.isPending ? <Skeleton className="h-40" /> : null}
      {query.isError ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.data?.count === 0 ? <EmptyState icon={KeyRound} title={t("keys.empty")} action={create}>{t("keys.emptyDetail")}</EmptyState> : null}
      {query.data && query.data.count > 0 ? (
        <Card>
          <CardHeader><CardTitle>{t("team.keys")}</CardTitle>{create}</CardHeader>
          <Table label={t("team.keys")}>
            <thead>
              <tr>
                <TableHead>{t("data.name")}</TableHead>
                <TableHead>{t("keys.prefix")}</TableHead>
                <TableHead>{t("keys.scopes")}</TableHead>
                <TableHead>{t("keys.lastUsed")}</TableHead>
                <TableHead>{t("keys.expires")}</TableHead>
                <TableHead><span className="sr-only">{t("common.more")}</span></TableHead>
              </tr>
            </thead>
            <tbody>
              {query.data.results.map((key) => (
                <TableRow key={key.id}>
                  <TableCell dir="auto" className="font-medium">{key.name}</TableCell>
                  <TableCell dir="ltr" className="font-mono text-xs">{key.prefix}…</TableCell>
                  <TableCell className="max-w-64 text-xs text-ink-3" title={key.scopes.join(", ")}>{t("keys.scopeCount", { count: key.scopes.length })}</TableCell>
                  <TableCell className="text-ink-3">{key.last_used_at ? format.relative(key.last_used_at) : t("keys.never")}</TableCell>
                  <TableCell className="text-ink-3">{key.expires_at ? format.date(key.expires_at) : "–"}</TableCell>
                  <TableCell className="text-end">{key.revoked_at ? <Badge tone="bad">{t("keys.revoked")}</Badge> : <Button size="sm" variant="ghost" onClick={() => setDoomed(key)}>{t("keys.revoke")}</Button>}</TableCell>
                </TableRow>
              ))}
            </tbody>
          </Table>
        </Card>
      ) : null}
      {creating ? <CreateKeyDialog teamId={teamId} onClose={() => setCreating(false)} onIssued={(key) => { setCreating(false); setIssued(key); refresh(); }} /> : null}
      {issued ? (
        <Dialog open onOpenChange={(open) => (open ? undefined : setIssued(null))}>
          <DialogContent title={t("keys.issued")} description={t("keys.issuedDetail")} closeLabel={t("common.close")} footer={<Button variant="primary" onClick={() => setIssued(null)}>{t("recovery.saved")}</Button>}>
            <div className="flex items-center gap-2">
              <code dir="ltr" className="min-w-0 flex-1 rounded bg-sunken px-3 py-2 font-mono text-sm break-all select-all">{issued.key}</code>
              <Button size="icon" aria-label={t("keys.copy")} onClick={() => void navigator.clipboard.writeText(issued.key).then(() => toast(t("keys.copied")))}><Copy aria-hidden /></Button>
            </div>
          </DialogContent>
        </Dialog>
      ) : null}
      <Confirm open={doomed !== null} onOpenChange={(open) => (open ? undefined : setDoomed(null))} title={t("keys.revokeTitle", { name: doomed?.name ?? "" })} description={t("keys.revokeDetail")} confirmLabel={t("keys.revoke")} danger pending={revoke.isPending} onConfirm={() => doomed && revoke.mutate(doomed)} />
    </>
  );
}

function CreateKeyDialog({ teamId, onClose, onIssued }: { teamId: string; onClose: () => void; onIssued: (key: IssuedApiKey) => void }) {
  const { t } = useI18n();
  const { meta } = useMeta();
  const confirmed = useReauthentication();
  const [name, setName] = useState("");
  const [expires, setExpires] = useState("");
  const [scopes, setScopes] = useState<string[]>(() => meta.permissions.filter((code) => code.endsWith(".view")));
  const create = useMutation({
    mutationFn: () => confirmed(() => createApiKey(teamId, { name: name.trim(), scopes, expires_at: expires ? new Date(`${expires}T23:59:59Z`).toISOString() : null })),
    onSuccess: onIssued,
  });
  const groups = new Map<string, string[]>();
  for (const code of meta.permissions) groups.set(code.split(".")[0] ?? code, [...(groups.get(code.split(".")[0] ?? code) ?? []), code]);
  return (
    <Dialog open onOpenChange={(open) => (open ? undefined : onClose())}>
      <DialogContent title={t("keys.create")} description={t("keys.createDetail")} closeLabel={t("common.close")}>
        <form
          className="flex flex-col gap-4"
          onSubmit={(event) => {
            event.preventDefault();
            create.mutate();
          }}
        >
          <Field label={t("data.name")}>{(control) => <Input {...control} autoFocus dir="auto" maxLength={80} value={name} onChange={(event) => setName(event.target.value)} />}</Field>
          <Field label={t("keys.expires")} optional={t("common.optional")}>{(control) => <Input {...control} type="date" value={expires} onChange={(event) => setExpires(event.target.value)} />}</Field>
          <fieldset>
            <legend className="text-sm font-medium">{t("keys.scopes")}</legend>
            <div className="mt-2 grid gap-x-4 gap-y-3 sm:grid-cols-2">
              {[...groups].map(([group, codes]) => (
                <div key={group} className="flex flex-col gap-1">
                  <span className="text-xs font-medium text-ink-3">{group.replaceAll("_", " ")}</span>
                  {codes.map((code) => (
                    <label key={code} className="flex items-center gap-2 text-sm">
                      <Checkbox checked={scopes.includes(code)} onCheckedChange={(on) => setScopes(on === true ? [...scopes, code] : scopes.filter((other) => other !== code))} />
                      <span dir="ltr">{code}</span>
                    </label>
                  ))}
                </div>
              ))}
            </div>
          </fieldset>
          <FormError error={create.error} />
          <Button type="submit" variant="primary" pending={create.isPending} disabled={!name.trim() || scopes.length === 0}>{t("keys.create")}</Button>
        </form>
      </DialogContent>
    </Dialog>
  );
}
