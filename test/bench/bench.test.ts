// The bench itself runs, on the smallest rows: what nobody runs is broken when it is wanted.
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import type { Measured } from '../../bench/figures.ts'

const ROOT = new URL('../../', import.meta.url).pathname
const run = promisify(execFile)
const isInstalled = (command: string): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some(folder => existsSync(join(folder, command)))
const isGit = existsSync(join(ROOT, '.git')) && isInstalled('git')
const cannot = !isInstalled('taskset') || !isInstalled('time') || availableParallelism() < 2
const skip = cannot ? 'needs two cores, taskset and time' : false

interface Told {
  readonly rows: readonly (Measured & { readonly figure: number | null })[]
}

async function bench(t: Test, ...words: readonly string[]): Promise<{ readonly out: string; readonly told: Told }> {
  const folder = t.testdir()
  const json = join(folder, 'told.json')
  const all = ['bench/bench.ts', '--rounds', '1', '--json', json, ...words]
  const { stdout } = await run(process.execPath, all, { cwd: ROOT, env: { ...process.env, TMPDIR: folder } })
  return { out: stdout, told: JSON.parse(readFileSync(json, 'utf8')) }
}

t.test(
  'a trace of five projects is followed through two checkouts, and nothing of the other one is left',
  {
    skip: skip === false && !isGit ? 'no git here' : skip,
  },
  async t => {
    const { out, told } = await bench(t, '--only', 'trace', '--projects', '5', '--against', 'HEAD')
    const [cold, again, after, peak, bare] = told.rows
    t.equal(told.rows.length, 6)
    for (const row of [cold, again]) {
      t.match(row?.gates, [[Number], [Number]], 'both followed it')
      t.equal(row?.peer?.values.length, 1, 'and so did a client without a gate')
      t.match(row?.cpu?.gates, [[Number], [Number]])
    }
    t.match(cold?.note, /^1[5-9] requests/, 'of each project its page, a provenance document and METADATA')
    t.match(again?.note, /^0 requests/)
    t.ok((peak?.gates[0]?.[0] ?? 0) >= (after?.gates[0]?.[0] ?? Number.NaN))
    t.match(bare?.peer?.values, [Number], 'a script that does nothing else followed it, too')
    t.match(out, /gate ÷ HEAD/)
    const { stdout: worktrees } = await run('git', ['worktree', 'list'], { cwd: ROOT })
    t.notOk(worktrees.includes(t.testdirName), 'git knows of no worktree of it')
    t.strictSame(readdirSync(t.testdirName), ['told.json'])
  },
)

t.test('the processor time of a whole process is measured, beside that of Node alone', { skip }, async t => {
  const { told } = await bench(t, '--only', 'version')
  const [row] = told.rows
  t.match(row?.gates, [[Number]])
  t.ok((row?.figure ?? 0) > (row?.peer?.values[0] ?? Number.NaN))
})

t.test('rows that there are not are told', async t => {
  const { stderr, code } = await run(process.execPath, ['bench/bench.ts', '--only', 'tracee'], { cwd: ROOT }).catch(
    error => error,
  )
  t.equal(code, 2)
  t.match(stderr, 'there are no rows tracee')
})

t.test('the help fits a terminal', async t => {
  const { stdout } = await run(process.execPath, ['bench/bench.ts', '--help'], { cwd: ROOT })
  for (const line of stdout.split('\n')) t.ok(line.length <= 80, line)
})
