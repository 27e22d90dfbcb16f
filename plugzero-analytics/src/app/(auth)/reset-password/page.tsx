import type { Metadata } from "next";
import { ResetPage } from "@/components/auth/reset-page";

export const metadata: Metadata = { title: "Reset your password" };

export default function Page() {
  return <ResetPage />;
}
