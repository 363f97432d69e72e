// guards: src/compose/console/open-console.ts
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import {
  FORMS,
  NO_CHROMIUM,
  openChromium,
  overflowOf,
  PATIENCE,
  violationsOf,
} from '../../http/console/pages/chromium.ts'
import { NO_POSTGRES, startCluster } from '../../world/engines/postgres.ts'
import { startGate } from '../../world/gate/gate.ts'
import { startProvider } from '../../world/people/provider.ts'
import { until } from '../../world/until.ts'
import { createWorld, type Published } from '../../world/world.ts'

/** A folder for pictures of every page; they are taken where it is named. */
const { SHOTS } = process.env

const DAY = 86_400_000
const ENDS = new Date(Date.now() + 5 * DAY).toISOString().slice(0, 10)
const SESSION = 'portcullis-session'
const TITLE = 'main h1'

/** Two gates that share a PostgreSQL, an issuer, and a file that both refuse. */
async function scene(t: Test) {
  const provider = await startProvider(t, { method: 'none' })
  for (const name of ['ada', 'grace', 'hedy'])
    provider.accounts.set(name, {
      email: `${name}@acme.example`,
      email_verified: true,
      name,
      groups: ['approvers'],
    })
  const world = await createWorld(t)
  const { wheel, sdist } = await world.release('demo', '2.0', { attested: false })
  const database = await (await startCluster(t)).database()
  const start = (name: string) =>
    startGate(t, world, {
      configuration: {
        data: `${world.folder}/${name}`,
        store: { database },
        console: {
          listen: '127.0.0.1:0',
          oidc: { ...provider.oidc, roles: { approver: ['approvers'] } },
          requests: { anonymous: true },
        },
      },
    })
  const [one, other] = [await start('one'), await start('other')]
  const status = async (gate: { readonly url: string }, { path }: Pick<Published, 'path'>) => {
    const answer = await fetch(`${gate.url}${path}`)
    await answer.arrayBuffer()
    return answer.status
  }
  const explainOf = async ({ path }: Pick<Published, 'path'>) =>
    ((await (await fetch(`${one.url}${path}`)).json()) as { readonly explain: string }).explain
  const chromium = await openChromium(t)
  /** Signs in at a gate's console, by the issuer, in a browser of his own. */
  async function signIn(name: string, gate = one): Promise<{ readonly context: BrowserContext; readonly page: Page }> {
    provider.signsIn = name
    const context = await chromium.newContext()
    context.setDefaultTimeout(PATIENCE)
    const page = await context.newPage()
    await page.goto(`${gate.app.consoleUrl}/requests`)
    await page.waitForSelector('.who')
    return { context, page }
  }
  return { one, other, wheel, sdist, status, explainOf, chromium, signIn }
}

/** A developer asks on the page of a refusal; the id of the request. */
async function ask(browser: Browser, explain: string): Promise<{ readonly page: Page; readonly id: string }> {
  const page = await (await browser.newContext()).newPage()
  await page.goto(explain)
  await page.fill('#reason', 'the build needs it')
  await page.fill('#email', 'ada@acme.example')
  await page.click('main form button')
  await page.waitForURL(/\/request$/)
  return { page, id: /Request (\w+)/.exec((await page.textContent('header')) ?? '')?.[1] ?? '' }
}

/** Sends what no page of his offers him. */
async function forge(page: Page, action: string, fields: Readonly<Record<string, string>>): Promise<void> {
  const left = page.waitForNavigation()
  await page.evaluate(`{
    const form = Object.assign(document.createElement('form'), { method: 'post', action: ${JSON.stringify(action)} })
    for (const [name, value] of Object.entries(${JSON.stringify(fields)}))
      form.append(Object.assign(document.createElement('input'), { name, value }))
    document.body.append(form)
    form.submit()
  }`)
  await left
}

async function csrfOf(page: Page): Promise<string> {
  return (await page.getAttribute('input[name="csrf"]', 'value')) ?? ''
}

/** In each form in which a page is looked at: what axe has against it, and whether it is too wide. */
async function assertSound(t: Test, page: Page, what: string): Promise<void> {
  const before = page.viewportSize()
  for (const { name, width, height, scheme } of FORMS) {
    await page.setViewportSize({ width, height })
    await page.emulateMedia({ colorScheme: scheme })
    t.strictSame(await violationsOf(page), [], `${what}, ${name}`)
    if (SHOTS !== undefined) {
      mkdirSync(SHOTS, { recursive: true })
      await page.screenshot({ path: join(SHOTS, `${what.replace(/\W+/g, '-')}.${name}.png`), fullPage: true })
    }
    t.equal(await overflowOf(page), 0, `${what}, ${name}: not wider than the window`)
  }
  if (before !== null) await page.setViewportSize(before)
}

const skip = NO_CHROMIUM || NO_POSTGRES

t.test(
  'a refused developer asks, an approver at one gate lets it through, and it installs from the other',
  { skip, timeout: 900_000 },
  async t => {
    const { one, other, wheel, sdist, status, explainOf, chromium, signIn } = await scene(t)
    t.strictSame([await status(one, wheel), await status(other, wheel)], [403, 403])
    const explain = await explainOf(wheel)
    const developer = await (await chromium.newContext()).newPage()
    await developer.goto(explain)
    await assertSound(t, developer, 'the refusal')
    await developer.close()
    const { page: asked, id } = await ask(chromium, explain)
    t.match(await asked.textContent(TITLE), 'Nobody has decided yet')
    await assertSound(t, asked, 'the request, as whoever asked sees it')

    const { page } = await signIn('grace')
    t.match(await page.textContent('.who'), 'grace · approver')
    await assertSound(t, page, 'the queue')
    await page.click(`main a:has-text("${wheel.filename}")`)
    await page.waitForURL(`**/requests/${id}`)
    t.match(await page.textContent('main'), wheel.sha256, 'the file')
    t.match(await page.textContent('main'), 'none that proves anything', 'its provenance')
    t.match(await page.textContent('pre'), `id: approval-${id}`, 'what an approval would be')
    await assertSound(t, page, 'the request, as an approver sees it')
    await page.fill('#ends', ENDS)
    await page.fill('#ticket', 'SEC-7')
    await page.fill('#yes', 'until 2.1 is out')
    await page.click('form[action$="/approve"] button')
    await page.waitForSelector('text=What was decided')
    const approved = Date.now()
    t.match(await page.textContent('main'), 'SEC-7')

    await until('it installs from the other gate', async () => (await status(other, wheel)) === 200)
    const waited = Date.now() - approved
    t.comment(`in force at the other gate after ${waited} ms`)
    t.equal(await status(one, wheel), 200)
    t.equal(await status(other, sdist), 403, 'this file alone')

    await asked.reload()
    t.equal(await asked.textContent(TITLE), 'Approved')
    t.match(await asked.textContent('main'), 'until 2.1 is out')
    t.notMatch(await asked.textContent('time'), /T\d\d:/, 'moments are as people write them')
    await assertSound(t, asked, 'what was decided, as whoever asked sees it')
    await assertSound(t, page, 'what was decided, as an approver sees it')
    await page.goto(`${other.app.consoleUrl}/requests?show=decided`)
    t.match(await page.textContent('main table'), /approved/, 'the other console knows it')
    await assertSound(t, page, 'what was decided before')
  },
)

t.test(
  'in a browser, whoever may not decide is told why, and nothing is let through',
  { skip, timeout: 900_000 },
  async t => {
    const { one, other, wheel, status, explainOf, chromium, signIn } = await scene(t)
    const { id } = await ask(chromium, await explainOf(wheel))
    const at = `${one.app.consoleUrl}/requests/${id}`
    const approve = `/requests/${id}/approve`
    const fields = { ends: ENDS, extent: 'file', ticket: '', words: '' }

    const { page: ada } = await signIn('ada')
    await ada.goto(at)
    t.match(await ada.textContent('main'), 'You asked for this yourself')
    t.equal(await ada.locator(`form[action="${approve}"]`).count(), 0, 'the form is not offered')
    await forge(ada, approve, { csrf: await csrfOf(ada), ...fields })
    t.match(await ada.textContent(TITLE), 'One’s own request')

    const { page: grace, context: hers } = await signIn('grace')
    const { page: hedy } = await signIn('hedy')
    await Promise.all([grace.goto(at), hedy.goto(at)])
    await forge(hedy, approve, { csrf: await csrfOf(grace), ...fields })
    t.match(await hedy.textContent(TITLE), 'Form of another session')

    const thief = await (await chromium.newContext()).newPage()
    const forged = { name: SESSION, value: 'A'.repeat(43), url: `${one.app.consoleUrl}/` }
    await thief.goto(`${one.app.consoleUrl}/signed-out`)
    await thief.context().addCookies([forged])
    await forge(thief, approve, { csrf: await csrfOf(grace), ...fields })
    t.match(await thief.textContent('main'), 'What you sent was not taken', 'a forged cookie is nobody’s')

    const answer = await thief.goto(at.replace('127.0.0.1', 'console.localhost'))
    t.equal(answer?.status(), 421)
    t.match(await thief.textContent(TITLE), 'Not this host')

    // she signs out in another tab, at the other gate, with the form still open in this one
    const tab = await hers.newPage()
    await tab.goto(`${other.app.consoleUrl}/requests`)
    await tab.click('text=Sign out')
    await tab.waitForURL('**/signed-out')
    await grace.click('form[action$="/approve"] button')
    await grace.waitForURL('**/sign-in/again')
    t.match(await grace.textContent('main'), 'What you sent was not taken', 'the session has ended')
    t.equal(await status(one, wheel), 403, 'nothing of all that let it through')

    await hedy.goto(at)
    const csrf = await csrfOf(hedy)
    await hedy.fill('#no', 'use 1.0')
    await hedy.click('form[action$="/decline"] button')
    await hedy.waitForSelector('text=What was decided')
    await forge(hedy, `/requests/${id}/decline`, { csrf, words: 'use 1.0' })
    t.match(await hedy.textContent(TITLE), 'Decided already', 'a form that is sent again')
    await hedy.goto(at)
    await forge(hedy, approve, { csrf, ...fields })
    t.match(await hedy.textContent(TITLE), 'Decided already', 'nor does another form undo it')
    t.strictSame([await status(one, wheel), await status(other, wheel)], [403, 403])
  },
)
