import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { createGunzip } from 'node:zlib'
import t, { type Test } from 'tap'
import { GateError } from '../../../src/domain/base/errors.ts'
import { millis } from '../../../src/domain/base/instant.ts'
import type { SourceName } from '../../../src/domain/base/source-name.ts'
import { createKeptRootList } from '../../../src/gate/pages/kept-root-list.ts'
import { createRootLists } from '../../../src/gate/pages/root-lists.ts'
import { createUnionRootList } from '../../../src/gate/sources/union-root-list.ts'
import type { RootList } from '../../../src/ports/outward.ts'
import { createScratch } from '../../../src/store/disk/scratch.ts'

type Says = readonly string[] | 'html' | 'nothing' | 'away'

/** A source as it may answer, with what it was asked, and what is kept of its list. */
function keptOf(t: Test, { says, etag, maxAge = 60_000 }: { says: Says; etag?: string; maxAge?: number }) {
  const state = { says, etag, asked: 0, read: 0 }
  const source: RootList = {
    async open(known) {
      state.asked += 1
      if (state.says === 'away') throw new GateError('unknown-upstream', 'away')
      if (state.says === 'nothing') throw new GateError('not-found', 'none')
      if (state.says === 'html') return { kind: 'other-form' }
      if (known !== undefined && known === state.etag) return { kind: 'unchanged' }
      state.read += 1
      const bytes = Buffer.from(JSON.stringify({ projects: state.says.map(name => ({ name })) }))
      return { kind: 'list', body: Readable.from([bytes]), coding: 'identity', serial: undefined, etag: state.etag }
    },
  }
  const scratch = createScratch(t.testdir())
  const kept = createKeptRootList({ source, scratch, maxAge: millis(maxAge), maxStale: millis(0) })
  t.teardown(() => kept.close())
  return { state, kept, scratch }
}

async function read(
  list: RootList,
  known?: string,
): Promise<{ readonly text: string; readonly etag: string | undefined }> {
  const opened = await list.open(known)
  if (opened.kind !== 'list') throw new Error(opened.kind)
  return { text: await text(opened.body.pipe(createGunzip())), etag: opened.etag }
}

t.test('one question for all who make a list of it, and its own tag says whether it is another', async t => {
  const { state, kept } = keptOf(t, { says: ['demo'] })
  const first = await read(kept)
  t.match(first.text, '"name":"demo"')
  t.same(await read(kept), first)
  t.same(await kept.open(first.etag), { kind: 'unchanged' })
  t.equal(state.asked, 1)
})

t.test('a source without tags that says the same changes nothing, and one that says anything else does', async t => {
  for (const etag of [undefined, '"1"']) {
    const { state, kept } = keptOf(t, { says: ['demo'], maxAge: -1, ...(etag === undefined ? {} : { etag }) })
    const first = await read(kept)
    t.same(await kept.open(first.etag), { kind: 'unchanged' })
    t.equal(state.asked, 2)
    state.says = ['demo', 'other']
    state.etag = etag === undefined ? undefined : '"2"'
    const second = await read(kept, first.etag)
    t.match(second.text, 'other')
    t.not(second.etag, first.etag)
  }
})

t.test('that a source has no list is kept as long as a list is; that it cannot answer is not', async t => {
  for (const says of ['nothing', 'html'] as const) {
    const { state, kept } = keptOf(t, { says })
    for (let times = 0; times < 3; times += 1) await t.rejects(kept.open(undefined), { code: 'not-found' })
    t.equal(state.asked, 1, says)
  }
  const old = keptOf(t, { says: 'nothing', maxAge: -1 })
  await t.rejects(old.kept.open(undefined), { code: 'not-found' })
  old.state.says = ['demo']
  t.match((await read(old.kept)).text, 'demo')
  const { state, kept } = keptOf(t, { says: 'away' })
  await t.rejects(kept.open(undefined), { code: 'unknown-upstream' })
  state.says = ['demo']
  t.match((await read(kept)).text, 'demo')
})

t.test('a list of several is made again only when one of them says something else', async t => {
  const [acme, pypi] = [keptOf(t, { says: ['acme-core'], maxAge: -1 }), keptOf(t, { says: ['demo'], maxAge: -1 })]
  const rule = (name: string) => ({ name: name as SourceName, owns: [], only: undefined })
  const sources = [
    { rule: rule('acme'), rootList: acme.kept },
    { rule: rule('pypi'), rootList: pypi.kept },
  ]
  const union = createUnionRootList({ sources, everywhere: sources.map(one => one.rule) })
  let made = 0
  const counted: RootList = {
    ...union,
    async open(known) {
      const opened = await union.open(known)
      if (opened.kind === 'list') made += 1
      return opened
    },
  }
  const lists = createRootLists({ source: counted, scratch: acme.scratch, maxAge: millis(60_000), maxStale: millis(0) })
  t.teardown(() => lists.close())
  const revisions = new Set<string>()
  const ask = async () => {
    const { file, revision } = await lists.open('json', 'gzip')
    file.close()
    revisions.add(revision)
  }
  for (let times = 0; times < 3; times += 1) await ask()
  t.equal(pypi.state.asked, 3, 'it goes by the age of its parts')
  t.equal(made, 1)
  pypi.state.says = ['demo', 'other']
  for (let times = 0; times < 3; times += 1) await ask()
  t.equal(made, 2)
  t.equal(revisions.size, 2)
})
