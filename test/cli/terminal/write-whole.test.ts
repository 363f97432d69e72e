import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { lstatSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { writePieces, writeWhole } from '../../../src/cli/terminal/write-whole.ts'

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

t.test('a device or a pipe is written to, and stays what it is', async t => {
  writeWhole('/dev/null', 'to nobody', { over: true })
  t.ok(lstatSync('/dev/null').isCharacterDevice())
  const folder = t.testdir({})
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  const reader = spawn('cat', [pipe], { stdio: ['ignore', 'pipe', 'inherit'] })
  const read = once(reader.stdout, 'data')
  writeWhole(pipe, 'to a reader', { over: true })
  t.equal(String(await read), 'to a reader')
  t.ok(lstatSync(pipe).isFIFO())
  t.strictSame(readdirSync(folder), ['pipe'])
})

t.test('what a link leads to is replaced, and the link stays', async t => {
  const folder = t.testdir({ there: 'before' })
  symlinkSync('there', join(folder, 'link'))
  writeWhole(join(folder, 'link'), 'after', { over: true })
  t.equal(readFileSync(join(folder, 'there'), 'utf8'), 'after')
  t.ok(lstatSync(join(folder, 'link')).isSymbolicLink())
  t.throws(() => writeWhole(join(folder, 'link'), 'again', { over: false }), {
    code: 'usage',
    detail: /link exists/,
  })
})

async function* pieces(...texts: readonly (string | Error)[]): AsyncGenerator<string> {
  for (const text of texts) {
    if (text instanceof Error) throw text
    yield text
  }
}

t.test('what is too long for one text is written piece by piece, whole or not at all', async t => {
  const folder = t.testdir({ a: 'before' })
  const path = join(folder, 'a')
  await t.rejects(writePieces(path, pieces('half', new Error('no more')), { over: true }), { message: 'no more' })
  t.equal(readFileSync(path, 'utf8'), 'before')
  await t.rejects(writePieces(path, pieces('x'), { over: false }), { code: 'usage', detail: /a exists/ })
  const long = 'größer '.repeat(20_000)
  await writePieces(path, pieces(long, long), { over: true, mode: 0o600 })
  t.equal(readFileSync(path, 'utf8'), long + long)
  t.equal(statSync(path).mode & 0o777, 0o600)
  t.strictSame(readdirSync(folder), ['a'])
  await writePieces('/dev/null', pieces('to nobody'), { over: true })
  await t.rejects(writePieces(join(folder, 'no/folder'), pieces('x'), { over: true }), {
    code: 'usage',
    detail: /ENOENT/,
  })
})
