import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { addPages } from '../../../../src/http/console/pages/add-pages.ts'
import { openDesk } from '../open-desk.ts'
import { FORMS, NO_CHROMIUM, openChromium, overflowOf, PATIENCE, violationsOf } from './chromium.ts'
import { PATHS } from './paths.ts'
import { createScene } from './scene.ts'

/** A folder for pictures of every page; they are taken where it is named. */
const { SHOTS } = process.env

/** How many lines the header has: tops of what stands in it, the menu's entries one by one. */
const HEADER_LINES = `new Set([...document.querySelectorAll('header > .who, header nav a')].map(one => Math.round(one.getBoundingClientRect().top))).size`

/** Words of codes and rules that stand on two lines, though there is a hyphen or a space to break at. */
const BROKEN_WORDS = `[...document.querySelectorAll('.list code.word')].flatMap(code =>
  [...code.textContent.matchAll(/[^-\\s]+/g)].flatMap(({ 0: word, index }) => {
    const range = document.createRange()
    range.setStart(code.firstChild, index)
    range.setEnd(code.firstChild, index + word.length)
    return new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size > 1 ? [word] : []
  }))`
/** just wide enough for a table */
const NARROW = { width: 1_030, height: 900 }

t.test(
  'in a real browser every page is sound for whoever cannot see it, dark, light and on a phone',
  { skip: NO_CHROMIUM, timeout: 900_000 },
  async t => {
    const desk = await openDesk(t, { routes: ({ router }) => addPages(router, createScene()) })
    const { cookies, get } = await desk.person('viewer')
    const chromium = await openChromium(t)
    const revocation = /\/revocations\/[0-9a-f]{16}/.exec((await get(`${desk.url}/revocations`)).text)?.[0] ?? ''
    const context = await chromium.newContext({ timezoneId: 'Europe/Berlin', locale: 'en-GB' })
    const own = [...(cookies.get('127.0.0.1') ?? [])]
    await context.addCookies(own.map(([called, value]) => ({ name: called, value, url: desk.url })))
    context.setDefaultTimeout(PATIENCE)
    const page = await context.newPage()
    const said: string[] = []
    page.on('console', message => void (message.type() === 'error' && said.push(message.text())))
    // a page is loaded once, and takes each form in turn
    async function look(path: string): Promise<void> {
      for (const { name, width, height, scheme } of FORMS) {
        await page.setViewportSize({ width, height })
        await page.emulateMedia({ colorScheme: scheme })
        t.equal(await overflowOf(page), 0, `${path}, ${name}, is not wider than the window`)
        if (SHOTS !== undefined) {
          mkdirSync(SHOTS, { recursive: true })
          await page.screenshot({
            path: join(SHOTS, `${path.replace(/[^a-z0-9]+/gi, '-').replace(/^-|-$/g, '') || 'overview'}.${name}.png`),
            fullPage: true,
          })
        }
        t.strictSame(await violationsOf(page), [], `${path}, ${name}`)
      }
      await page.setViewportSize(NARROW)
      t.equal(await overflowOf(page), 0, `${path} is not wider than a narrow window`)
      t.strictSame(await page.evaluate(BROKEN_WORDS), [], `${path} breaks codes and rules where they may be broken`)
    }
    for (const path of [...PATHS, revocation]) {
      await page.goto(`${desk.url}${path}`)
      if (path === '/') t.equal(await page.evaluate(HEADER_LINES), 2, 'the menu has one line, below who is signed in')
      await look(path === revocation ? '/revocation' : path)
    }
    await page.goto(`${desk.url}/what-if`)
    await page.fill('#policy', 'version: 1\nprojects: []\n')
    await page.click('main form button')
    await look('/what-if/answer')
    await page.goto(`${desk.url}/projects/demo`)
    for (const summary of await page.locator('details > summary').all()) await summary.click()
    await look('/projects/demo/open')
    t.strictSame(said, [], 'nothing is blocked or fails')
  },
)
