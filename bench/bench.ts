/**
 * `npm run bench [-- --quick --only trace,page --against main]`: the gate beside what does the same without it, one core for the
 * server and one for clients and the index, in turn; medians and ratios. `--help` names the rows; bench/README.md says how to read them.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { ManualScope } from '../test/world/manual-scope.ts'
import type { Scope } from '../test/world/world.ts'
import { changeOf, figureOf, isReached, isSteady, type Measured, renderTable } from './figures.ts'
import { ACCEL } from './groups/accel.ts'
import { COLD } from './groups/cold.ts'
import { CONSOLE } from './groups/console.ts'
import { GATES } from './groups/gates.ts'
import { HERD } from './groups/herd.ts'
import { FILE, PAGE } from './groups/hot.ts'
import { INIT } from './groups/init.ts'
import { MEMORY, START } from './groups/memory.ts'
import { METADATA } from './groups/metadata.ts'
import { MIRROR } from './groups/mirror.ts'
import { VERIFY_FILE, VERSION } from './groups/process.ts'
import { TRACE } from './groups/trace.ts'
import { VERIFY } from './groups/verify.ts'
import { otherCheckout, thisCheckout } from './stage/checkouts.ts'
import { isInstalled, moveToClientCore } from './stage/processes.ts'
import type { Checkout, Group, Stage } from './stage/stage.ts'

const GROUPS: readonly Group[] = [
  TRACE,
  COLD,
  HERD,
  PAGE,
  FILE,
  ACCEL,
  MEMORY,
  START,
  VERSION,
  VERIFY_FILE,
  INIT,
  MIRROR,
  METADATA,
  VERIFY,
  GATES,
  CONSOLE,
]
/** Left out of a quick run: they take long, or change seldom. */
const SLOW: ReadonlySet<Group> = new Set([METADATA, VERIFY, ACCEL, GATES, CONSOLE])

const PACKAGES = 'apt-get install nginx-light wrk curl util-linux time'

const HELP = `Usage: npm run bench -- [options]

  --only a,b        these rows alone, by the names below
  --quick           fewer rounds, smaller sizes: within three minutes
  --rounds N        of each row, in turn with its peer (5; quick 2)
  --seconds N       that a load lasts (2; quick 1)
  --gate FILE       measures what was built, not bin/portcullis
  --against REF     compares with a worktree of that commit, row by row;
                    a FILE is another launcher, such as bin/portcullis
  --json FILE       writes every value that was measured
  --projects N      of the trace (500; quick 100)
  --profile FOLDER  CPU profiles of the gate, of the trace
  --python PATH     a Python with pypi-attestations

${GROUPS.map(({ name, about }) => `  ${name.padEnd(14)}${about}\n`).join('')}`

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    only: { type: 'string', default: '' },
    quick: { type: 'boolean', default: false },
    gate: { type: 'string' },
    against: { type: 'string' },
    json: { type: 'string' },
    projects: { type: 'string' },
    profile: { type: 'string' },
    python: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
const { quick } = options
const rounds = Number(options.rounds ?? (quick ? 2 : 5))
const seconds = Number(options.seconds ?? (quick ? 1 : 2))

function chosenGroups(): readonly Group[] {
  const names = options.only.split(',').filter(name => name !== '')
  const unknown = names.filter(name => !GROUPS.some(group => group.name === name))
  if (unknown.length > 0) throw new Error(`there are no rows ${unknown.join(', ')}; --help names those that there are`)
  if (names.length === 0) return GROUPS.filter(group => !quick || !SLOW.has(group))
  return GROUPS.filter(({ name }) => names.includes(name))
}

async function main(scope: Scope): Promise<void> {
  const groups = chosenGroups()
  const missing: string[] = []
  for (const command of new Set(['taskset', ...groups.flatMap(({ needs = [] }) => needs)]))
    if (!(await isInstalled(command))) missing.push(command)
  if (missing.length > 0) throw new Error(`needs ${missing.join(', ')} (Debian: ${PACKAGES})`)
  if (cpus().length < 2) throw new Error('needs two cores')
  await moveToClientCore()
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-bench-'))
  scope.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const checkouts: Checkout[] = [thisCheckout(options.gate)]
  if (options.against !== undefined) checkouts.push(otherCheckout(options.against, scope))

  for (const group of groups) rows.push(...(await runGroup(group, { folder, checkouts, scope, warnings })))
}

const rows: Measured[] = []
const warnings: string[] = []

/** Everything that was measured, also where the run ended early. */
function tell(): void {
  const [load = 0] = loadavg()
  const machine = `${cpus()[0]?.model}, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`
  process.stdout.write(`${machine}, ${rounds} rounds of ${seconds} s, load ${load.toFixed(1)} in the end\n\n`)
  process.stdout.write(`${renderTable(rows, options.against)}\n`)
  for (const warning of warnings) process.stdout.write(`\nWarning: ${warning}\n`)
  if (options.against !== undefined) process.stdout.write(renderWorse(options.against))
  if (options.json !== undefined) writeFileSync(options.json, renderJson(machine))
}

/** In a folder and a scope of its own, so that what one group started is gone before the next begins. */
async function runGroup(
  group: Group,
  run: Pick<Stage, 'folder' | 'checkouts' | 'scope'> & { readonly warnings: string[] },
): Promise<readonly Measured[]> {
  const scope = new ManualScope()
  run.scope.teardown(() => scope.end()) // where the run ends early
  const folder = join(run.folder, group.name)
  mkdirSync(folder)
  const began = performance.now()
  try {
    const found = await group.run({
      checkouts: run.checkouts,
      rounds,
      seconds,
      quick,
      folder,
      scope,
      options: {
        projects: Number(options.projects ?? (quick ? 100 : 500)),
        profile: options.profile,
        python: options.python,
      },
      warn: text => void run.warnings.push(text),
    })
    for (const row of found) process.stderr.write(`${row.scenario}: ${figureOf(row).toFixed(2)}\n`)
    return found
  } catch (error) {
    // the other rows are worth having
    run.warnings.push(`${group.name}: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 2
    return []
  } finally {
    process.stderr.write(`(${group.name} took ${((performance.now() - began) / 1000).toFixed(0)} s)\n`)
    await scope.end()
    rmSync(folder, { recursive: true, force: true })
  }
}

function renderWorse(against: string): string {
  const worse = rows.filter(row => changeOf(row).verdict === 'worse')
  if (worse.length === 0) return `\nNothing is worse than at ${against} by more than the noise.\n`
  process.exitCode = 1
  return `\nWorse than at ${against} by more than the noise:\n${worse.map(({ scenario }) => `- ${scenario}\n`).join('')}`
}

function renderJson(machine: string): string {
  const told = rows.map(row => ({ ...row, figure: figureOf(row), reached: isReached(row), steady: isSteady(row) }))
  return `${JSON.stringify({ machine, rounds, seconds, rows: told }, undefined, 1)}\n`
}

/** A run that takes this long hangs. Milliseconds. */
const LONGEST = 90 * 60_000

/** Rejects when the run is to end early: somebody pressed Ctrl-C, or it hangs. */
function interruption(): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => reject(new Error(`ended by ${signal}`)))
  setTimeout(() => reject(new Error(`not done after ${LONGEST / 60_000} minutes`)), LONGEST).unref()
  return promise
}

if (options.help) process.stdout.write(HELP)
else {
  const scope = new ManualScope()
  try {
    await Promise.race([main(scope), interruption()])
  } catch (error) {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 2
  } finally {
    if (rows.length + warnings.length > 0) tell()
    // what is still running has nothing to talk to any more: its complaints are nobody's
    process.on('unhandledRejection', () => {})
    await Promise.race([scope.end(), sleep(10_000, undefined, { ref: false })])
  }
  process.exit()
}
