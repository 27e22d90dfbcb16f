import Link from "next/link";
import { Brand } from "@/components/brand";
import { buttonVariants } from "@/components/ui/button-variants";
import type { Translate } from "@/lib/i18n/translator";

export function SiteHeader({ t }: { t: Translate }) {
  return (
    <header className="mx-auto flex w-full max-w-6xl items-center justify-between gap-4 px-5 py-5">
      <Link href="/" className="rounded-md">
        <Brand />
      </Link>
      <nav aria-label={t("shell.navigation")} className="flex items-center gap-1 sm:gap-2">
        <Link href="/features" className={buttonVariants({ variant: "ghost", className: "hidden sm:inline-flex" })}>
          {t("landing.features")}
        </Link>
        <Link href="/login" className={buttonVariants({ variant: "ghost" })}>
          {t("auth.signIn")}
        </Link>
        <Link href="/register" className={buttonVariants({ variant: "primary", className: "hidden sm:inline-flex" })}>
          {t("landing.start")}
        </Link>
      </nav>
    </header>
  );
}

export function SiteFooter({ t }: { t: Translate }) {
  return (
    <footer className="mt-24 border-t border-line">
      <div className="mx-auto flex w-full max-w-6xl flex-wrap items-center justify-between gap-4 px-5 py-8 text-sm text-ink-3">
        <Brand />
        <p>{t("landing.footer")}</p>
      </div>
    </footer>
  );
}
