import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { sourceAt } from '../../../src/domain/memory/source.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { createKeptLooks } from '../../../src/store/disk/kept-looks.ts'

const DEMO = parseProjectName('demo')
const SOURCE = sourceAt('https://pypi.org')

t.test('what was kept is there again, for the same source and version alone', async t => {
  const folder = join(t.testdir(), 'pages')
  const looks = createKeptLooks<{ seen: number }>({ folder, source: SOURCE, version: 'a/1' })
  t.equal(await looks.read(DEMO), undefined)
  await looks.write(DEMO, { seen: 1 })
  await looks.write(DEMO, { seen: 2 })
  t.strictSame(await looks.read(DEMO), { seen: 2 })
  t.equal(await looks.read(parseProjectName('other')), undefined)
  t.equal(await createKeptLooks({ folder, source: SOURCE, version: 'a/2' }).read(DEMO), undefined)
  t.equal(
    await createKeptLooks({ folder, source: sourceAt('https://other.example'), version: 'a/1' }).read(DEMO),
    undefined,
  )
  const [own = ''] = readdirSync(folder)
  t.equal(statSync(join(folder, own)).mode & 0o777, 0o700)
  t.strictSame(readdirSync(join(folder, own)), ['demo.json'], 'no file is left over')
})

t.test('what was altered, cut short or is of another project is absent', async t => {
  const folder = t.testdir()
  const looks = createKeptLooks<{ seen: string }>({ folder, source: SOURCE, version: 'a/1' })
  await looks.write(DEMO, { seen: 'much' })
  const path = join(folder, readdirSync(folder)[0] ?? '', 'demo.json')
  const text = readFileSync(path, 'utf8')
  for (const bent of [text.replace('much', 'more'), text.slice(0, -1), '', text.slice(text.indexOf('\n') + 1)]) {
    writeFileSync(path, bent)
    t.equal(await looks.read(DEMO), undefined)
  }
  writeFileSync(path.replace('demo.json', 'other.json'), text)
  t.equal(await looks.read(parseProjectName('other')), undefined)
  writeFileSync(path, text)
  t.strictSame(await looks.read(DEMO), { seen: 'much' })
})

t.test('a folder that cannot be used keeps nothing, and fails nothing', async t => {
  const folder = join(t.testdir({ file: 'no folder' }), 'file')
  const looks = createKeptLooks({ folder, source: SOURCE, version: 'a/1' })
  await looks.write(DEMO, { seen: 1 })
  t.equal(await looks.read(DEMO), undefined)
})
