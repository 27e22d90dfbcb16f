"use client";

import { Dialog, DialogContent } from "@/components/ui/dialog";
import { Button } from "@/components/ui/button";
import { useI18n } from "@/context/i18n";
import { useQueryClient } from "@tanstack/react-query";
import { signOut } from "@/lib/session/client";
import { SignInForm } from "./sign-in-form";

/** Over the page whose session ended: what was typed there is still there afterwards. */
export function ReauthenticateDialog() {
  const { t } = useI18n();
  const client = useQueryClient();
  return (
    <Dialog open>
      <DialogContent
        title={t("auth.sessionEnded")}
        description={t("auth.sessionEndedDetail")}
        closeLabel={t("common.close")}
        onEscapeKeyDown={(event) => event.preventDefault()}
        onInteractOutside={(event) => event.preventDefault()}
        className="[&_[aria-label]:is(button):first-of-type]:hidden"
        footer={
          <Button variant="ghost" onClick={() => void signOut()}>
            {t("auth.signOut")}
          </Button>
        }
      >
        <SignInForm onSignedIn={() => void client.invalidateQueries()} />
      </DialogContent>
    </Dialog>
  );
}
