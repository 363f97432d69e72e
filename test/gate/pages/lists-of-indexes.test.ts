import { Readable } from 'node:stream'
import t, { type Test } from 'tap'
import { millis } from '../../../src/domain/base/instant.ts'
import type { SourceName } from '../../../src/domain/base/source-name.ts'
import { createListsOfIndexes } from '../../../src/gate/pages/lists-of-indexes.ts'
import type { RootList } from '../../../src/ports/outward.ts'
import { createScratch } from '../../../src/store/disk/scratch.ts'

const LIST: RootList = {
  open: async () => ({
    kind: 'list',
    body: Readable.from([Buffer.from('{"projects":[]}')]),
    coding: 'identity',
    serial: undefined,
    etag: undefined,
  }),
}
const [ACME, PYPI] = ['acme' as SourceName, 'pypi' as SourceName] as const

function listsOf(t: Test, areHeld: boolean) {
  const scratch = createScratch(t.testdir())
  const lists = createListsOfIndexes({ scratch, areHeld, maxAge: millis(1_000), maxStale: millis(0) })
  t.teardown(() => lists.close())
  return lists
}

t.test('every source has one list for all indexes that have it', async t => {
  const lists = listsOf(t, false)
  t.equal(lists.ofSource(ACME, LIST), lists.ofSource(ACME, LIST))
  t.not(lists.ofSource(ACME, LIST), lists.ofSource(PYPI, LIST))
})

t.test('indexes of the same sources in the same order have one list', async t => {
  const lists = listsOf(t, false)
  const main = lists.ofIndex({ name: 'main', sources: [ACME, PYPI] }, LIST)
  t.equal(lists.ofIndex({ name: 'other', sources: [ACME, PYPI] }, LIST), main)
  t.not(lists.ofIndex({ name: 'turned', sources: [PYPI, ACME] }, LIST), main, 'the first that has a name spells it')
  t.not(lists.ofIndex({ name: 'fewer', sources: [PYPI] }, LIST), main)
})

t.test('what is held is listed by what each index has seen', async t => {
  const lists = listsOf(t, true)
  const main = lists.ofIndex({ name: 'main', sources: [ACME, PYPI] }, LIST)
  t.not(lists.ofIndex({ name: 'other', sources: [ACME, PYPI] }, LIST), main)
  t.equal(lists.ofIndex({ name: 'main', sources: [ACME, PYPI] }, LIST), main)
})
