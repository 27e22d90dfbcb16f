"use client";

import { createContext, useCallback, useContext, useRef, useState, type FormEvent, type ReactNode } from "react";
import { useQuery } from "@tanstack/react-query";
import { Button } from "@/components/ui/button";
import { Dialog, DialogContent } from "@/components/ui/dialog";
import { FormError } from "@/components/ui/error-state";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import { useI18n } from "@/context/i18n";
import { getMe, reauthenticate } from "@/lib/api/account";
import { accountKeys } from "@/lib/api/keys";
import { isProblem } from "@/lib/api/problem";

/** Runs an action; when the API wants a fresh proof of who is there, asks for it and runs the action again. */
type Confirmed = <T>(action: () => Promise<T>) => Promise<T>;

const ReauthenticationContext = createContext<Confirmed | null>(null);

interface Waiting {
  proceed: () => void;
  giveUp: () => void;
}

export function ReauthenticationProvider({ children }: { children: ReactNode }) {
  const waiting = useRef<Waiting | null>(null);
  const [open, setOpen] = useState(false);
  const confirmed = useCallback<Confirmed>(async (action) => {
    try {
      return await action();
    } catch (error) {
      if (!isProblem(error, "reauthentication_required")) throw error;
      await new Promise<void>((proceed, reject) => {
        waiting.current = { proceed, giveUp: () => reject(error) };
        setOpen(true);
      });
      return action();
    }
  }, []);
  const finish = (done: boolean): void => {
    setOpen(false);
    if (done) waiting.current?.proceed();
    else waiting.current?.giveUp();
    waiting.current = null;
  };
  return (
    <ReauthenticationContext.Provider value={confirmed}>
      {children}
      {open ? <ConfirmIdentity onDone={finish} /> : null}
    </ReauthenticationContext.Provider>
  );
}

export function useReauthentication(): Confirmed {
  const value = useContext(ReauthenticationContext);
  if (!value) throw new Error("useReauthentication needs a ReauthenticationProvider above it");
  return value;
}

function ConfirmIdentity({ onDone }: { onDone: (done: boolean) => void }) {
  const { t } = useI18n();
  const me = useQuery({ queryKey: accountKeys.part("me"), queryFn: ({ signal }) => getMe(signal), staleTime: 60_000 });
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [failure, setFailure] = useState<unknown>(null);
  const [pending, setPending] = useState(false);
  const wantsCode = me.data?.two_factor.totp ?? false;
  const onSubmit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setPending(true);
    setFailure(null);
    const trimmed = code.trim();
    try {
      await reauthenticate(password, wantsCode ? { method: /^\d{6}$/.test(trimmed) ? "totp" : "recovery_code", code: trimmed } : null);
      onDone(true);
    } catch (error) {
      setFailure(error);
      setPending(false);
    }
  };
  return (
    <Dialog open onOpenChange={(open) => (open ? undefined : onDone(false))}>
      <DialogContent title={t("reauth.title")} description={t("reauth.detail")} closeLabel={t("common.close")}>
        <form onSubmit={onSubmit} className="flex flex-col gap-4">
          <Field label={t("auth.password")}>
            {(control) => <Input {...control} autoFocus type="password" autoComplete="current-password" dir="ltr" value={password} onChange={(event) => setPassword(event.target.value)} />}
          </Field>
          {wantsCode ? (
            <Field label={t("auth.totpCode")} hint={t("reauth.codeHint")}>
              {(control) => <Input {...control} autoComplete="one-time-code" dir="ltr" value={code} onChange={(event) => setCode(event.target.value)} />}
            </Field>
          ) : null}
          <FormError error={failure} />
          <Button type="submit" variant="primary" pending={pending} disabled={!password || (wantsCode && code.trim().length < 6)}>
            {t("reauth.confirm")}
          </Button>
        </form>
      </DialogContent>
    </Dialog>
  );
}
