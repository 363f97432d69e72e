import { chmodSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { writeAll } from '../../../src/cli/terminal/write-all.ts'

const text = (folder: string, name: string) => readFileSync(join(folder, name), 'utf8')

t.test('files change, come and go together, with their permissions and links', async t => {
  const folder = t.testdir({ real: 'a', b: 'b', gone: 'c' })
  symlinkSync('real', join(folder, 'a'))
  chmodSync(join(folder, 'real'), 0o640)
  writeAll([
    { path: join(folder, 'pins/new.txt'), before: undefined, after: 'new' },
    { path: join(folder, 'a'), before: 'a', after: 'A' },
    { path: join(folder, 'b'), before: 'b', after: 'B' },
    { path: join(folder, 'gone'), before: 'c', after: undefined },
  ])
  t.strictSame(readdirSync(folder).toSorted(), ['a', 'b', 'pins', 'real'], 'and nothing is left beside them')
  t.strictSame([text(folder, 'real'), text(folder, 'b'), text(folder, 'pins/new.txt')], ['A', 'B', 'new'])
  t.equal(statSync(join(folder, 'real')).mode & 0o777, 0o640)
})

t.test('where somebody changed one meanwhile, none is changed', async t => {
  const folder = t.testdir({ a: 'a', b: 'edited' })
  const changes = [
    { path: join(folder, 'new'), before: undefined, after: 'new' },
    { path: join(folder, 'a'), before: 'a', after: 'A' },
    { path: join(folder, 'b'), before: 'b', after: 'B' },
  ]
  t.throws(() => writeAll(changes), { code: 'usage', detail: /b was changed meanwhile: nothing is written/ })
  t.strictSame(readdirSync(folder).toSorted(), ['a', 'b'])
  t.strictSame([text(folder, 'a'), text(folder, 'b')], ['a', 'edited'])
})

t.test('where one cannot be written, none is changed', async t => {
  const folder = t.testdir({ a: 'a', file: 'x' })
  const changes = [
    { path: join(folder, 'a'), before: 'a', after: 'A' },
    { path: join(folder, 'file/below.txt'), before: undefined, after: 'B' },
  ]
  t.throws(() => writeAll(changes), { code: 'usage', detail: /below\.txt cannot be written/ })
  t.strictSame(readdirSync(folder).toSorted(), ['a', 'file'])
  t.equal(text(folder, 'a'), 'a')
})
