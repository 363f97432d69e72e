// guards: src/compose/console/open-console.ts
import { existsSync } from 'node:fs'
import axe from 'axe-core'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { PATIENCE } from '../../http/console/pages/chromium.ts'
import { runCommand } from '../../world/commands/commands.ts'
import { startGate } from '../../world/gate/gate.ts'
import { serve } from '../../world/network/loopback.ts'
import { startProvider } from '../../world/people/provider.ts'
import { createWorld } from '../../world/world.ts'

const CHROMIUM = '/usr/bin/chromium'
const skip = existsSync(CHROMIUM) ? false : 'Chromium is not installed (apt-get install chromium)'

async function launch(t: Test): Promise<Browser> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'], timeout: PATIENCE })
  t.teardown(() => browser.close())
  return browser
}

async function contextOf(browser: Browser): Promise<BrowserContext> {
  const context = await browser.newContext()
  context.setDefaultTimeout(PATIENCE)
  return context
}

/** What keeps somebody with a screen reader or a keyboard from using the page. */
async function barriers(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source)
  const found: string[] = await page.evaluate(
    'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + " " + nodes[0].html))',
  )
  return found
}

t.test('somebody signs in with a real browser, at the issuer and by a link, and out again', { skip }, async t => {
  const provider = await startProvider(t, { method: 'none' })
  provider.accounts.set('ada', { email: 'ada@acme.example', name: 'Ada' })
  const world = await createWorld(t)
  await world.release('demo', '1.0')
  const configuration = { console: { listen: '127.0.0.1:0', oidc: provider.oidc } }
  const { app, config } = await startGate(t, world, { configuration })
  const url = app.consoleUrl ?? ''
  const browser = await launch(t)
  const context = await contextOf(browser)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', message => message.type() === 'error' && complaints.push(message.text()))

  // a link in a mail: from a page of another site
  const mail = await serve(t, (_request, response) => {
    response.setHeader('content-type', 'text/html')
    response.end(`<a href="${url}/?from=mail">go</a>`)
  })
  await page.goto(mail.origin.replace('127.0.0.1', 'localhost'))
  await page.click('a')
  await page.waitForURL(`${url}/?from=mail`)
  t.match(await page.textContent('.who'), /Ada · viewer/)
  t.equal(await page.evaluate('document.cookie'), '', 'no script reads a cookie')
  t.not(
    await page.evaluate("getComputedStyle(document.querySelector('nav ul')).listStyleType"),
    'disc',
    'it has its style',
  )

  t.strictSame(await barriers(page), [])

  await page.click('text=Sign out')
  await page.waitForURL(`${url}/signed-out`)
  t.strictSame(await barriers(page), [])
  t.strictSame(
    (await context.cookies(url)).map(({ name }) => name).filter(name => name.startsWith('portcullis')),
    [],
  )

  const environment = { PORTCULLIS_DATA: config.data, PORTCULLIS_CONSOLE_PUBLIC_URL: url }
  const { out } = await runCommand(['console', 'login', '--name', 'Bob'], { folder: world.folder, environment })
  await page.goto(out.trim())
  t.strictSame(await barriers(page), [])
  await page.click('main button')
  await page.waitForURL(`${url}/`)
  t.match(await page.textContent('.who'), /Bob · admin/)
  await context.clearCookies()
  await page.click('text=Sign out')
  await page.waitForURL(`${url}/sign-in/again`)
  t.match(await page.textContent('main'), /What you sent was not taken/)
  await page.click('main a')
  await page.waitForURL(`${url}/`)
  t.match(await page.textContent('.who'), /Ada · viewer/, 'and from there the issuer signs in again')
  t.strictSame(complaints, [], 'nothing was blocked that a page needs')
  await page.goto(`${url}/nowhere`)
  t.strictSame(await barriers(page), [])
})

t.test('a page of another site cannot use who is signed in', { skip }, async t => {
  const world = await createWorld(t)
  await world.release('demo', '1.0')
  const { app, config } = await startGate(t, world, { configuration: { console: { listen: '127.0.0.1:0' } } })
  const url = app.consoleUrl ?? ''
  const environment = { PORTCULLIS_DATA: config.data, PORTCULLIS_CONSOLE_PUBLIC_URL: url }
  const { out } = await runCommand(['console', 'login'], { folder: world.folder, environment })
  const page = await (await contextOf(await launch(t))).newPage()
  await page.goto(out.trim())
  await page.click('main button')
  await page.waitForURL(`${url}/`)
  const csrf = await page.getAttribute('input[name="csrf"]', 'value')
  const evil = await serve(t, (_request, response) => {
    response.setHeader('content-type', 'text/html')
    response.end(
      `<iframe src="${url}/"></iframe><form method="post" action="${url}/sign-out"><input name="csrf" value="${csrf}"><button>win</button></form>`,
    )
  })
  // the same host, so that the cookie goes along: another port is another site all the same
  await page.goto(evil.origin)
  t.equal((await page.frames()[1]?.content())?.includes('Overview') ?? false, false, 'it is framed by nobody')
  await page.click('button')
  await page.waitForURL(`${url}/sign-out`)
  t.match(await page.textContent('main'), /asked by another site/i)
  await page.goto(`${url}/`)
  t.match(await page.textContent('.who'), /admin/, 'and is signed in all the same')
})
