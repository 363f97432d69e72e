import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

t.setTimeout(900_000)

const CHILD = fileURLToPath(new URL('./every-check-child.ts', import.meta.url))

/** What came of one check, when it was left out. */
interface LeftOut {
  /** file and line */
  readonly place: string
  readonly text: string
  /** how many documents it spoke against */
  readonly calls: number
  /** whether one of them then came out otherwise */
  readonly matters: boolean
}

/** Throws that are no checks: they pass on what another one said, or say that the gate itself is in trouble. */
const PASSED_ON = /throw (?:error|furthest)$/

/**
 * What cannot come up as things are: lists of at least one item keep one, the bundle is built as it must be, and a parser that
 * reads DER in one form only leaves no other.
 */
const RULED_OUT = /there is nothing to verify|expected at least one item|not a DSSE bundle|is not canonical DER/

t.test('every check of evidence is one without which some document comes out otherwise', async t => {
  const told = join(t.testdir({}), 'told.json')
  const child = spawn(process.execPath, [CHILD, told], {
    env: { ...process.env, NODE_OPTIONS: '', TAP_TIMEOUT: '600' },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  t.strictSame(await once(child, 'exit'), [0, null], 'the tests themselves pass')
  const checks: readonly LeftOut[] = JSON.parse(readFileSync(told, 'utf8'))
  t.ok(checks.length > 70, `${checks.length} checks were found`)
  const idle = checks.filter(({ matters, text }) => !matters && !PASSED_ON.test(text) && !RULED_OUT.test(text))
  t.strictSame(
    idle.map(({ place, text, calls }) => `${place} spoke ${calls} times: ${text}`),
    [],
  )
})
