import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { writeWhole } from '../../../src/cli/terminal/write-whole.ts'

t.test('a file is written whole, with the permissions that it is to have', async t => {
  const folder = t.testdir({})
  writeWhole(join(folder, 'key'), 'secret', { over: false, mode: 0o600 })
  t.equal(readFileSync(join(folder, 'key'), 'utf8'), 'secret')
  t.equal(statSync(join(folder, 'key')).mode & 0o777, 0o600)
  t.strictSame(readdirSync(folder), ['key'], 'and nothing is left beside it')
})

t.test('what is there gives way only where that is wanted', async t => {
  const folder = t.testdir({ a: 'before' })
  const path = join(folder, 'a')
  t.throws(() => writeWhole(path, 'after', { over: false }), { code: 'usage', detail: /a exists/ })
  t.equal(readFileSync(path, 'utf8'), 'before')
  writeWhole(path, 'after', { over: true })
  t.equal(readFileSync(path, 'utf8'), 'after')
  t.strictSame(readdirSync(folder), ['a'])
})

t.test('where nothing can be written, that is said', async t =>
  t.throws(() => writeWhole(join(t.testdir({}), 'no/folder'), 'x', { over: true }), {
    code: 'usage',
    detail: /cannot be written \(ENOENT\)/,
  }),
)
