import type { Metadata } from "next";
import { InvitationPage } from "@/components/auth/invitation-page";

export const metadata: Metadata = { title: "Join a team" };

export default function Page() {
  return <InvitationPage />;
}
