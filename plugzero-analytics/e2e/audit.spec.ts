import { expect, test } from "@playwright/test";
import { expectAccessible, picture, watchForFaults } from "./support/checks";
import { type LocalSite, startLocalSite } from "./support/local-site";
import { newPerson, register } from "./support/people";

let site: LocalSite;
test.beforeAll(async () => {
  site = await startLocalSite();
});
test.afterAll(() => site.close());

/** The platform must be started with PLUGZERO_FETCH_ALLOW_HOSTS=127.0.0.1:8477, since private addresses are refused by default. */
test("a site audit outlives a reload, and the next one says what changed", async ({ page }) => {
  const faults = watchForFaults(page);
  await register(page, newPerson("Sami Seo"));
  const audit = async (): Promise<void> => {
    await page.goto("/seo?new=1");
    await page.getByLabel("Address").fill(site.url);
    await page.getByRole("button", { name: "Start the audit" }).click();
    await page.waitForURL("**/seo/audits/**");
  };
  await audit();
  await expect(page.getByRole("progressbar").first()).toBeVisible({ timeout: 30_000 });
  await picture(page, "20-audit-running");
  await page.reload();
  await expect(page.getByText("Health score")).toBeVisible({ timeout: 110_000 });
  await expect(page.getByText(/What costs/)).toBeVisible();
  await expectAccessible(page);
  await picture(page, "21-audit");
  await page.locator("ol > li > button[aria-expanded]").first().click();
  await expect(page.getByText("How to fix it").first()).toBeVisible();
  await picture(page, "22-fix");
  await page.getByRole("tab", { name: "Pages" }).click();
  await expect(page.getByRole("region", { name: "Pages" })).toContainText("Sample page number");
  await expectAccessible(page);
  await picture(page, "23-pages");

  site.mend();
  await audit();
  await expect(page.getByText("Health score")).toBeVisible({ timeout: 110_000 });
  await page.getByRole("tab", { name: "Compare" }).click();
  await expect(page.getByText(/Compared over/)).toBeVisible();
  await expect(page.getByRole("button", { name: /^Fixed/ })).not.toContainText(/Fixed\s*0$/);
  await expectAccessible(page);
  await picture(page, "24-diff");
  expect(faults).toEqual([]);
});
