import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { stageProgram } from '../../scripts/pack-all.ts'
import { emptyFolder } from './installed.ts'

t.setTimeout(900_000)

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** They run a program of its own: of the checkout in `npm test`, here what was built. */
const TESTS = [
  'compose/commands',
  'cli/secrets',
  'cli/judge/verify-vectors',
  'repository/gate-process',
  'repository/version',
]

const stage = emptyFolder(t)
await stageProgram(stage)

const environment = {
  ...process.env,
  PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env['PATH']}`,
  TESTED_PROGRAM: join(stage, 'bin/portcullis'),
  TESTED_MAIN: join(stage, 'dist/main.js'),
  TAP_TIMEOUT: '600',
}

for (const path of TESTS)
  await t.test(`what was built does what ${path} asks of the source`, async t => {
    const failed = await new Promise<string>(resolve =>
      execFile(
        process.execPath,
        [join(ROOT, `test/${path}.test.ts`)],
        { env: environment, maxBuffer: 64 * 1024 * 1024 },
        (error, out, err) => resolve(error === null ? '' : `${out.match(/^\s*not ok .*$/gm)?.join('\n')}\n${err}`),
      ),
    )
    t.equal(failed, '')
  })
