import type { Metadata } from "next";
import { LinkPage } from "@/components/auth/link-page";

export const metadata: Metadata = { title: "Confirm your address" };

export default function Page() {
  return <LinkPage kind="verify-email" />;
}
