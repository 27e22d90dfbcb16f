"use client";

import { useMutation, useQueryClient } from "@tanstack/react-query";
import qrcode from "qrcode-generator";
import { ShieldCheck } from "lucide-react";
import { useMemo, useState } from "react";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Card, CardBody, CardHeader, CardTitle } from "@/components/ui/card";
import { Dialog, DialogContent } from "@/components/ui/dialog";
import { FormError } from "@/components/ui/error-state";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import { toast } from "@/components/ui/toast";
import { useI18n } from "@/context/i18n";
import { useReauthentication } from "@/context/reauthentication";
import { confirmTotp, disableTotp, type Me, renewRecoveryCodes, startTotp } from "@/lib/api/account";
import { accountKeys } from "@/lib/api/keys";
import { describeProblem } from "@/lib/api/problem-text";
import { saveBlob } from "@/lib/save-file";

/** The code as squares; drawn here so that the secret goes to no drawing service. */
function QrCode({ text, label }: { text: string; label: string }) {
  const { size, path } = useMemo(() => {
    const code = qrcode(0, "M");
    code.addData(text);
    code.make();
    const count = code.getModuleCount();
    let drawn = "";
    for (let row = 0; row < count; row += 1) {
      for (let column = 0; column < count; column += 1) if (code.isDark(row, column)) drawn += `M${column + 2} ${row + 2}h1v1h-1z`;
    }
    return { size: count + 4, path: drawn };
  }, [text]);
  return (
    <svg viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} className="size-48 rounded-lg border border-line bg-white" shapeRendering="crispEdges">
      <path d={path} fill="#000" />
    </svg>
  );
}

export function TwoFactorCard({ me }: { me: Me }) {
  const { t } = useI18n();
  const client = useQueryClient();
  const confirmed = useReauthentication();
  const [setup, setSetup] = useState<{ secret: string; uri: string } | null>(null);
  const [codes, setCodes] = useState<string[] | null>(null);
  const refresh = (): void => void client.invalidateQueries({ queryKey: accountKeys.all });
  const fail = (error: unknown): void => {
    const { title, detail } = describeProblem(error, t);
    toast(detail || title, { tone: "bad" });
  };
  const start = useMutation({ mutationFn: () => confirmed(startTotp), onSuccess: setSetup, onError: fail });
  const disable = useMutation({
    mutationFn: () => confirmed(disableTotp),
    onSuccess: () => {
      refresh();
      toast(t("twoFactor.disabled"));
    },
    onError: fail,
  });
  const renew = useMutation({ mutationFn: () => confirmed(renewRecoveryCodes), onSuccess: (next) => { setCodes(next); refresh(); }, onError: fail });
  const on = me.two_factor.totp;
  return (
    <Card>
      <CardHeader>
        <CardTitle>{t("twoFactor.title")}</CardTitle>
        <Badge tone={on ? "good" : "warning"}>{on ? t("twoFactor.on") : t("twoFactor.off")}</Badge>
      </CardHeader>
      <CardBody className="flex flex-col gap-3">
        <p className="text-sm text-ink-2">{t("twoFactor.intro")}</p>
        {on ? (
          <>
            <p className="text-sm text-ink-3">{t("twoFactor.codesLeft", { count: me.two_factor.recovery_codes_left })}</p>
            <div className="flex flex-wrap gap-2">
              <Button pending={renew.isPending} onClick={() => renew.mutate()}>{t("twoFactor.newCodes")}</Button>
              <Button pending={disable.isPending} onClick={() => disable.mutate()}>{t("twoFactor.disable")}</Button>
            </div>
          </>
        ) : (
          <Button variant="primary" className="self-start" pending={start.isPending} onClick={() => start.mutate()}>
            <ShieldCheck aria-hidden /> {t("twoFactor.enable")}
          </Button>
        )}
      </CardBody>
      {setup ? (
        <SetupDialog
          setup={setup}
          onClose={() => setSetup(null)}
          onConfirmed={(next) => {
            setSetup(null);
            setCodes(next);
            refresh();
          }}
        />
      ) : null}
      {codes ? <RecoveryCodesDialog codes={codes} onClose={() => setCodes(null)} /> : null}
    </Card>
  );
}

function SetupDialog({ setup, onClose, onConfirmed }: { setup: { secret: string; uri: string }; onClose: () => void; onConfirmed: (codes: string[]) => void }) {
  const { t } = useI18n();
  const [code, setCode] = useState("");
  const confirm = useMutation({ mutationFn: () => confirmTotp(code.trim()), onSuccess: onConfirmed, onError: () => setCode("") });
  return (
    <Dialog open onOpenChange={(open) => (open ? undefined : onClose())}>
      <DialogContent title={t("twoFactor.enable")} description={t("twoFactor.scan")} closeLabel={t("common.close")}>
        <form
          className="flex flex-col gap-4"
          onSubmit={(event) => {
            event.preventDefault();
            confirm.mutate();
          }}
        >
          <div className="flex flex-col items-center gap-3">
            <QrCode text={setup.uri} label={t("twoFactor.qr")} />
            <p className="text-xs text-ink-3">{t("twoFactor.orType")}</p>
            <code dir="ltr" data-testid="totp-secret" className="max-w-full rounded bg-sunken px-2 py-1 text-center font-mono text-xs break-all select-all">{setup.secret}</code>
          </div>
          <Field label={t("auth.totpCode")}>
            {(control) => <Input {...control} autoFocus inputMode="numeric" autoComplete="one-time-code" maxLength={10} dir="ltr" className="text-center text-lg tracking-[0.3em] tabular" value={code} onChange={(event) => setCode(event.target.value)} />}
          </Field>
          <FormError error={confirm.error} />
          <Button type="submit" variant="primary" pending={confirm.isPending} disabled={code.trim().length < 6}>{t("auth.verify")}</Button>
        </form>
      </DialogContent>
    </Dialog>
  );
}

export function RecoveryCodesDialog({ codes, onClose }: { codes: readonly string[]; onClose: () => void }) {
  const { t } = useI18n();
  return (
    <Dialog open onOpenChange={(open) => (open ? undefined : onClose())}>
      <DialogContent
        title={t("recovery.title")}
        description={t("recovery.detail")}
        closeLabel={t("common.close")}
        footer={
          <>
            <Button onClick={() => saveBlob(new Blob([`${codes.join("\n")}\n`], { type: "text/plain" }), "plugzero-recovery-codes.txt")}>{t("recovery.download")}</Button>
            <Button variant="primary" onClick={onClose}>{t("recovery.saved")}</Button>
          </>
        }
      >
        <ol dir="ltr" className="grid grid-cols-2 gap-2 font-mono text-sm">
          {codes.map((code) => (
            <li key={code} className="rounded bg-sunken px-3 py-1.5 text-center select-all">{code}</li>
          ))}
        </ol>
      </DialogContent>
    </Dialog>
  );
}
