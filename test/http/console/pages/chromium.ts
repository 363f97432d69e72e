import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Test } from 'tap'

export const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium'

/** Why nothing can be looked at here; `false`: it can. */
export const NO_CHROMIUM = existsSync(CHROMIUM) ? false : `there is no ${CHROMIUM}`

/** The three forms in which a page is looked at. */
export const FORMS = [
  { name: 'light', width: 1280, height: 900, scheme: 'light' },
  { name: 'dark', width: 1280, height: 900, scheme: 'dark' },
  { name: 'phone', width: 390, height: 844, scheme: 'light' },
] as const

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** ms; what never comes to pass runs into it, so it may be longer than any page of a busy machine takes */
export const PATIENCE = 180_000

/** A real browser, which ends with the test. */
export async function openChromium(t: Test) {
  const { chromium } = await import('playwright-core')
  const args = ['--no-sandbox', '--disable-gpu']
  const browser = await chromium.launch({ executablePath: CHROMIUM, args, timeout: PATIENCE })
  t.teardown(() => browser.close())
  return browser
}

interface Violation {
  readonly id: string
  readonly help: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[]
}

type Evaluate = { evaluate<Result>(script: string): Promise<Result> }

/** What axe has against a page, a line each. */
export async function violationsOf(page: Evaluate): Promise<readonly string[]> {
  await page.evaluate(`(() => { ${AXE}; })()`)
  const violations = await page.evaluate<readonly Violation[]>('axe.run(document).then(({ violations }) => violations)')
  return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes[0]?.html} ${nodes[0]?.failureSummary}`)
}

/** How far a page is wider than its window, pixels. */
export async function overflowOf(page: Evaluate): Promise<number> {
  return await page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth')
}
