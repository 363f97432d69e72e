import { execFile, execFileSync } from 'node:child_process'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { companyStories, stories } from '../../../demo/stories.ts'

const DEMO = fileURLToPath(new URL('../../../demo/demo.ts', import.meta.url))

/** What the demo prints with the programs of these folders. */
async function demo(path: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [DEMO], {
    env: { PATH: path, HOME: '/nowhere', NO_COLOR: '1' },
    timeout: 300_000,
  })
  return stdout
}

function assertTold(told: string): void {
  const parts = told.split(/^\d\. /m).slice(1)
  t.equal(parts.length, stories.length + companyStories.length)
  for (const [at, { project, admitted, code }] of [...stories, ...companyStories].entries()) {
    const part = parts[at] ?? ''
    t.ok(part.startsWith(project), project)
    t.match(part, admitted ? '✓ admitted' : '✗ refused')
    if (code !== undefined) t.match(part, `Refused by policy: ${code} `)
    t.notMatch(part, 'not expected')
  }
  t.match(told, 'PyPI is not asked: it never heard of it')
  t.match(told, 'Two admitted, four refused')
  t.ok(told.split('\n').length <= 75, `${told.split('\n').length} lines: a page or two`)
}

t.test('the demo tells its story to whoever has no Python', async () =>
  assertTold(await demo(dirname(process.execPath))),
)

t.test('and with pip', { skip: pipSkip() }, async t => {
  const began = process.hrtime.bigint()
  const told = await demo(process.env['PATH'] ?? '')
  t.comment(`${(process.hrtime.bigint() - began) / 1_000_000n} ms`)
  assertTold(told)
  t.match(told, '$ pip install --no-cache-dir --index-url http://127.0.0.1:')
  t.match(told, 'Successfully installed acme-core-1.0')
})

function pipSkip(): string | false {
  try {
    execFileSync('python3', ['-c', 'import venv, ensurepip'], { stdio: 'ignore' })
    return false
  } catch {
    return 'python3 with venv is not here'
  }
}
