import { expect, test } from "@playwright/test";
import { expectAccessible, picture, watchForFaults } from "./support/checks";
import { newPerson, register } from "./support/people";

for (const path of ["/", "/features", "/login", "/register", "/reset-password", "/verify-email", "/join"]) {
  test(`${path} is accessible`, async ({ page }) => {
    const faults = watchForFaults(page);
    await page.goto(path);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await expectAccessible(page);
    await picture(page, `40-public${path.replaceAll("/", "-")}`);
    expect(faults).toEqual([]);
  });
}

test("every zone holds on a phone, in the dark, and from right to left", async ({ page }) => {
  const faults = watchForFaults(page);
  await register(page, newPerson("Pia Phone"));
  await page.setViewportSize({ width: 360, height: 740 });
  for (const path of ["/home", "/projects", "/data", "/analysis", "/analysis/results", "/seo", "/seo/competitors", "/seo/keywords", "/tasks", "/team", "/account"]) {
    await page.goto(path);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await expectAccessible(page);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(overflow, `${path} is wider than the screen`).toBeLessThanOrEqual(0);
    await picture(page, `50-phone${path.replaceAll("/", "-")}`, false);
  }
  await page.emulateMedia({ colorScheme: "dark" });
  await page.context().addCookies([{ name: "pz_locale", value: "ar", url: page.url() }]);
  await page.setViewportSize({ width: 1360, height: 900 });
  for (const path of ["/home", "/data", "/account?tab=security"]) {
    await page.goto(path);
    await expect(page.locator("html")).toHaveAttribute("dir", "rtl");
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await expectAccessible(page);
    await picture(page, `51-arabic-dark${path.replaceAll(/[/?=]/g, "-")}`, false);
  }
  expect(faults).toEqual([]);
});

test("a dead API is said, and recovered from", async ({ page }) => {
  await register(page, newPerson("Nora Network"));
  await page.route("**/api/v1/projects/**", (route) => route.abort());
  await page.goto("/projects");
  await expect(page.locator("[data-slot=error-state]")).toContainText("cannot be reached", { timeout: 20_000 });
  await picture(page, "60-api-down");
  await page.unroute("**/api/v1/projects/**");
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByText("No project yet")).toBeVisible();
});

test("a session that ends in the middle of a form is renewed over it", async ({ page }) => {
  const person = newPerson("Mid Form");
  await register(page, person);
  await page.goto("/projects?new=1");
  await page.getByLabel("Name").fill("A name typed before the session ended");
  await page.context().clearCookies({ name: "__Host-plugzero_refresh" });
  await page.route("**/api/v1/projects/", (route) => (route.request().method() === "POST" ? route.fulfill({ status: 401, contentType: "application/problem+json", body: '{"code":"not_authenticated","title":"Sign in to do this"}' }) : route.continue()), { times: 1 });
  await page.getByRole("dialog").getByRole("button", { name: "New project" }).click();
  await expect(page.getByText("Your session has ended")).toBeVisible();
  await picture(page, "61-session-ended", false);
  await page.getByLabel("E-mail").fill(person.email);
  await page.getByLabel("Password").fill(person.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByText("Your session has ended")).toHaveCount(0);
  await expect(page.getByLabel("Name")).toHaveValue("A name typed before the session ended");
  await page.getByRole("dialog").getByRole("button", { name: "New project" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "A name typed before the session ended" })).toBeVisible();
});
