import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { instant } from '../../../src/domain/base/instant.ts'
import { learn, ProjectMemory } from '../../../src/domain/memory/project-memory.ts'
import { isChanged, type ListedFile, type PageRead } from '../../../src/domain/memory/sighting.ts'
import { agrees, isEmpty, learnBeside, withUnclaimed } from '../../../src/domain/memory/unclaimed.ts'
import type { FilePath } from '../../../src/domain/packaging/artifact.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'

const DEMO = parseProjectName('demo')
const [BEFORE, NOW] = [instant(1_000), instant(2_000)]

function file(filename: string, content = filename): ListedFile {
  const path = `/packages/${filename}` as FilePath
  return {
    path,
    filename,
    sha256: sha256Of(content),
    version: undefined,
    uploaded: undefined,
    offered: false,
    yanked: false,
  }
}

function page(at: typeof NOW, ...files: readonly ListedFile[]): PageRead {
  return { at, status: 'active', files, unread: [] }
}

const NOTHING = ProjectMemory.of(DEMO)
const NOBODYS = learn(NOTHING, { page: page(BEFORE, file('demo-1.0.zip')), serial: 7 }).memory

t.test(
  'a page is evidence where it gives a name the sha256 that is remembered for it, and else it is none',
  async t => {
    t.equal(agrees(NOBODYS, page(NOW, file('demo-2.0.zip'), file('demo-1.0.zip'))), true)
    for (const [what, said] of Object.entries({
      'no page': undefined,
      'an empty one': page(NOW),
      'other bytes': page(NOW, file('demo-1.0.zip', 'x')),
      'another name': page(NOW, file('demo-2.0.zip', 'demo-1.0.zip')),
      'no sha256': page(NOW, { ...file('demo-1.0.zip'), sha256: undefined }),
    }))
      t.equal(agrees(NOBODYS, said), false, what)
    t.equal(agrees(NOTHING, page(NOW, file('demo-1.0.zip'))), false, 'where nothing is remembered')
  },
)

t.test('what was settled is what has to be agreed with', async t => {
  const settled = [{ filename: 'demo-1.0.zip', sha256: sha256Of('had'), at: BEFORE }]
  const memory = learn(NOBODYS, { settled }).memory
  t.equal(agrees(memory, page(NOW, file('demo-1.0.zip'))), false)
  t.equal(agrees(memory, page(NOW, file('demo-1.0.zip', 'had'))), true)
})

t.test('what is nobody’s counts beside what a source said, and is not changed by it', async t => {
  const said = page(NOW, file('demo-1.0.zip', 'x'), file('demo-2.0.zip'))
  const own = learnBeside(NOTHING, NOBODYS, { page: said, serial: 3 }).memory
  t.equal(own.sightings.get('demo-1.0.zip')?.sha256, sha256Of('x'), 'its own word is kept')
  t.equal(own.sightings.get('demo-2.0.zip')?.absent, BEFORE, 'and no file is older than the page that was read then')
  t.equal(own.serial, 3)
  const both = withUnclaimed(own, NOBODYS)
  t.equal(isChanged(both.sightings, file('demo-1.0.zip', 'x')), true)
  t.equal(both.serial, 7)
  t.equal(NOBODYS.sightings.get('demo-1.0.zip')?.gone, undefined)
})

t.test('where nothing is nobody’s, a source has its own memory', async t => {
  t.equal(isEmpty(NOTHING), true)
  t.equal(isEmpty(NOBODYS), false)
  t.equal(isEmpty(learn(NOTHING, { serial: 1 }).memory), false)
  t.equal(withUnclaimed(NOBODYS, NOTHING), NOBODYS)
})
