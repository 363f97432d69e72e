import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { systemClock } from '../../../src/domain/base/instant.ts'
import { FolderInUse, lockFolder, lockIfFree } from '../../../src/store/disk/folder-lock.ts'
import { forget } from '../../../src/store/forget.ts'
import { withTokens } from '../../../src/store/tokens.ts'
import { OPERATOR } from '../written.ts'

t.test('whoever may do without the lock does while another has it, and has it afterwards', async t => {
  const folder = t.testdir({})
  const lock = lockFolder(folder)
  try {
    lockFolder(folder).release()
    t.fail('another one has it')
  } catch (error) {
    t.ok(error instanceof FolderInUse)
    t.match(error, { code: 'config-invalid', detail: /is in use by another gate/ })
  }
  t.equal(lockIfFree(folder), undefined)
  lock.release()
  const own = lockIfFree(folder)
  t.ok(own)
  own?.release()
})

t.test('a folder that cannot be locked is not one that another has: every command says so', async t => {
  const folder = t.testdir({})
  mkdirSync(join(folder, 'lock'))
  writeFileSync(join(folder, 'portcullis.sqlite'), '')
  const wanted = { code: 'config-invalid', detail: /cannot be locked/ }
  t.throws(() => lockIfFree(folder), wanted)
  await t.rejects(
    withTokens(folder, systemClock, tokens => tokens.list()),
    wanted,
  )
  const order = { what: 'clock', of: undefined, filename: undefined, reason: 'it was wrong', by: OPERATOR } as const
  await t.rejects(forget(folder, order, systemClock), wanted)
})
