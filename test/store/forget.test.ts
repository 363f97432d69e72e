import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { systemClock } from '../../src/domain/base/instant.ts'
import { forget } from '../../src/store/forget.ts'

t.test(
  'in a folder where nobody ever remembered anything there is nothing to let go of, and nothing is begun',
  async t => {
    const folder = mkdtempSync(join(tmpdir(), 'portcullis-forget-'))
    t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    const order = { what: 'clock', of: undefined, filename: undefined, reason: 'it was wrong' } as const
    t.equal(await forget(folder, order, systemClock), false)
    t.strictSame(readdirSync(folder), [])
  },
)
