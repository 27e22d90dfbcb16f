import { expect, test } from "@playwright/test";
import { expectAccessible, picture } from "./support/checks";
import { mailedLink } from "./support/mail";
import { newPerson, register } from "./support/people";

test("an invited viewer reads and starts nothing; tabs stay on their teams", async ({ page, browser }) => {
  const owner = newPerson("Olga Owner");
  const viewer = newPerson("Victor Viewer");
  await register(page, owner);
  await page.goto("/team");
  await page.getByRole("button", { name: "New team" }).click();
  await page.getByRole("dialog").getByLabel("Team name").fill("Field research");
  await page.getByRole("dialog").getByRole("button", { name: "New team" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Field research" })).toBeVisible();
  await page.getByRole("button", { name: "Invite" }).click();
  await page.getByRole("dialog").getByLabel("E-mail").fill(viewer.email);
  await page.getByRole("dialog").getByLabel("Role").click();
  await page.getByRole("option", { name: /Viewer/ }).click();
  await page.getByRole("button", { name: "Send invitation" }).click();
  await expect(page.getByText(`${viewer.email} was invited`, { exact: true })).toBeVisible();
  await expectAccessible(page);
  await picture(page, "30-team");

  const context = await browser.newContext();
  const guest = await context.newPage();
  const link = new URL(await mailedLink(viewer.email, "/join"));
  await guest.goto(`${link.pathname}${link.hash}`);
  await expect(guest.getByRole("heading", { level: 1 })).toContainText("Join Field research");
  expect(guest.url()).not.toContain("token");
  await expectAccessible(guest);
  await picture(guest, "31-invitation");
  await guest.getByLabel("Your name").fill(viewer.name);
  await guest.getByLabel("Password").fill(viewer.password);
  await guest.getByRole("button", { name: "Create account and join" }).click();
  await guest.waitForURL("**/home");
  await expect(guest.getByRole("button", { name: /Team and settings/ })).toContainText("Field research");

  await test.step("nothing to start is offered, and the API refuses what is tried anyway", async () => {
    await guest.goto("/data");
    await expect(guest.getByText("No data yet")).toBeVisible();
    await expect(guest.getByRole("button", { name: /Upload|Choose files/ })).toHaveCount(0);
    await guest.goto("/projects?new=1");
    await expect(guest.getByText("No project yet")).toBeVisible();
    await expect(guest.getByRole("dialog")).toHaveCount(0);
    await guest.goto("/seo?new=1");
    await expect(guest.getByText("No audit yet")).toBeVisible();
    await expect(guest.getByRole("button", { name: "New audit" })).toHaveCount(0);
    await picture(guest, "32-viewer");
    await guest.goto("/team/activity");
    await expect(guest.locator("[data-slot=error-state]")).toContainText(/may not|does not allow/);
  });

  await test.step("two tabs, two teams", async () => {
    await page.goto("/home");
    const other = await page.context().newPage();
    await other.goto("/home");
    await other.getByRole("button", { name: /Team and settings/ }).click();
    await other.getByRole("menuitemradio", { name: /Olga/ }).click();
    await expect(other.getByRole("button", { name: /Team and settings/ })).toContainText("Olga");
    await page.reload();
    await expect(page.getByRole("button", { name: /Team and settings/ })).toContainText("Field research");
    await picture(other, "33-team-switch");
  });
  await context.close();
});

test("a disabled micro-app says so", async ({ browser }) => {
  const baseURL = process.env.E2E_WITHOUT_SEO_URL;
  test.skip(!baseURL, "needs a second platform started with PLUGZERO_DISABLED_APPS=seo_intelligence");
  const context = await browser.newContext({ baseURL });
  const page = await context.newPage();
  await register(page, newPerson("Dana Disabled"));
  await expect(page.getByRole("link", { name: "SEO" })).toHaveCount(0);
  await page.goto("/seo");
  await expect(page.getByText("This part is switched off")).toBeVisible();
  await picture(page, "34-disabled-app");
  await context.close();
});
