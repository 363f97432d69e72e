// guards: src/store/disk/folder-lock.ts src/store/memory.ts src/store/open.ts src/store/sqlite/findings-table.ts
// guards: src/store/sqlite/journal-table.ts src/store/sqlite/migrations.ts src/store/sqlite/refusals-table.ts
// guards: src/store/sqlite/refused-codec.ts src/store/sqlite/schema.ts src/store/sqlite/sightings-table.ts
// guards: src/store/sqlite/sqlite.ts src/store/sqlite/watermark-fact.ts src/store/sqlite/write-behind.ts
import t, { type Test } from 'tap'
import { type Sha256, sha256Of } from '../../src/domain/base/digest.ts'
import { type Instant, instant } from '../../src/domain/base/instant.ts'
import type { Refused } from '../../src/domain/decide/verdict.ts'
import type { FilePath } from '../../src/domain/packaging/artifact.ts'
import { parseDistFilename } from '../../src/domain/packaging/filename.ts'
import { parseProjectName } from '../../src/domain/packaging/name.ts'
import type { JournalEntry, ListedFile, RememberedFinding } from '../../src/ports/memory.ts'
import { encodeFinding } from '../../src/verify/evidence/finding-codec.ts'
import { attested, bundle } from '../world/judging.ts'
import { diskSubject, memorySubject, START, type Subject } from './stores.ts'

const PKG = parseProjectName('pkg')
const OTHER = parseProjectName('other')
const KEY = { sha256: sha256Of('file'), filename: 'pkg-1.0.tar.gz', trustDigest: sha256Of('root') }

function fileOf(filename: string, content = filename): ListedFile & { readonly sha256: Sha256 } {
  const sha256 = sha256Of(content)
  const path = `/packages/${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256.slice(4)}/${filename}` as FilePath
  const version = parseDistFilename(filename)?.version
  return { path, filename, sha256, version, uploaded: undefined, offered: false, yanked: false }
}

/** A page that was read, of an active project. */
function readAt(at = START): { readonly at: Instant; readonly status: 'active' } {
  return { at, status: 'active' }
}

function remembered(finding: RememberedFinding['finding'], found = START): RememberedFinding {
  return { finding, found }
}

const ENTRY: JournalEntry = {
  at: START,
  filename: 'pkg-1.0.tar.gz',
  project: 'pkg',
  sha256: KEY.sha256,
  outcome: 'admitted',
  code: 'attestation',
  rule: 'projects[0] pkg',
  identity: {
    issuer: 'https://token.actions.githubusercontent.com',
    san: 'https://github.com/acme/pkg/.github/workflows/release.yml@refs/tags/v1.0',
    repository: 'acme/pkg',
    workflow: 'release.yml',
    ref: 'refs/tags/v1.0',
  },
  policyDigest: sha256Of('policy'),
  trustDigest: sha256Of('root'),
  client: '192.0.2.1',
}

const REFUSED: Refused = {
  kind: 'refused',
  code: 'publisher-mismatch',
  file: { project: 'pkg', version: '1.0', filename: 'pkg-1.0.tar.gz', sha256: KEY.sha256 },
  rule: { id: 'projects[0] pkg', file: 'policy.yaml', line: 3 },
  identity: ENTRY.identity,
  detail: 'Signed by "somebody else" – naïve “quotes” and \u{1f40d}.',
  admitWith: 'publishers:\n  - kind: github\n',
  policyDigest: sha256Of('policy'),
  steps: [
    { mark: 'pass', check: 'provenance' },
    { mark: 'fail', check: 'publisher', expected: 'acme/pkg', found: 'evil/pkg' },
    { mark: 'skip', check: 'predicates' },
  ],
  notes: ['Other versions that pass: 0.9.'],
}

/** The contract of {@link Store}, as ports.ts has it in words. */
function storeConformance(name: string, open: (t: Test) => Promise<Subject>): void {
  t.test(`findings of a ${name} store`, async t => {
    t.test('an attested finding comes back as the proof it was', async t => {
      const subject = await open(t)
      const finding = attested(
        bundle({ facts: [{ contradiction: 'the builder differs' }, { predicateType: { unknown: 'x' } }] }),
        bundle(),
      )
      subject.store.findings.put(KEY, remembered(finding))
      await subject.reopen?.()
      const found = subject.store.findings.get(KEY)
      t.equal(found?.found, START)
      t.ok(found?.finding.kind === 'attested' && finding.kind === 'attested')
      if (found?.finding.kind !== 'attested' || finding.kind !== 'attested') return
      t.equal(encodeFinding(found.finding), encodeFinding(finding))
    })
    t.test('what was proved wrong or absent comes back too, whatever the reason', async t => {
      const subject = await open(t)
      const whys = [
        'provenance-malformed',
        'signature-invalid',
        'subject-mismatch',
        'digest-mismatch',
        'metadata-mismatch',
      ] as const
      for (const why of whys)
        subject.store.findings.put(
          { ...KEY, filename: why },
          remembered({ kind: 'invalid', why, detail: `because ${why}` }),
        )
      subject.store.findings.put(KEY, remembered({ kind: 'unattested', said: 'integrity' }))
      await subject.reopen?.()
      for (const why of whys)
        t.strictSame(subject.store.findings.get({ ...KEY, filename: why })?.finding, {
          kind: 'invalid',
          why,
          detail: `because ${why}`,
        })
      t.strictSame(subject.store.findings.get(KEY)?.finding, { kind: 'unattested', said: 'integrity' })
    })
    t.test('a finding is found under its digest, file name and root alone', async t => {
      const subject = await open(t)
      subject.store.findings.put(KEY, remembered(attested()))
      for (const round of [1, 2]) {
        t.equal(subject.store.findings.get({ ...KEY, sha256: sha256Of('other') }), undefined, `digest, ${round}`)
        t.equal(subject.store.findings.get({ ...KEY, filename: 'pkg-1.0.zip' }), undefined, `file name, ${round}`)
        t.equal(subject.store.findings.get({ ...KEY, trustDigest: sha256Of('next root') }), undefined, `root, ${round}`)
        await subject.reopen?.()
      }
    })
    t.test('a later finding takes the place of an earlier one, of a known absence too', async t => {
      const subject = await open(t)
      t.equal(subject.store.findings.get(KEY), undefined)
      subject.store.findings.put(KEY, remembered({ kind: 'unattested', said: 'index' }))
      t.equal(subject.store.findings.get(KEY)?.finding.kind, 'unattested')
      subject.store.findings.put(KEY, remembered(attested(), instant(START + 5)))
      t.match(subject.store.findings.get(KEY), { found: START + 5, finding: { kind: 'attested' } })
      await subject.reopen?.()
      t.match(subject.store.findings.get(KEY), { found: START + 5, finding: { kind: 'attested' } })
    })
  })

  t.test(`sightings of a ${name} store`, async t => {
    t.test('a recorded path leads to its project', async t => {
      const subject = await open(t)
      const files = [fileOf('pkg-1.0.tar.gz'), fileOf('pkg-1.0-py3-none-any.whl')]
      t.equal(subject.store.sightings.projectOf(fileOf('pkg-1.0.tar.gz').path), undefined)
      t.strictSame(subject.store.sightings.record(PKG, files, readAt()), { changed: [] })
      for (const round of [1, 2]) {
        for (const { path } of files) t.equal(subject.store.sightings.projectOf(path), PKG, `round ${round}`)
        t.equal(subject.store.sightings.projectOf(fileOf('pkg-1.0.tar.gz', 'other bytes').path), undefined)
        await subject.reopen?.()
      }
    })
    t.test('what a project has listed is known for good, by its name', async t => {
      const subject = await open(t)
      subject.store.sightings.record(PKG, [fileOf('pkg-1.0.tar.gz')], readAt())
      subject.store.sightings.record(PKG, [], readAt())
      for (const round of [1, 2]) {
        t.equal(subject.store.sightings.hasListed(PKG, 'pkg-1.0.tar.gz'), true, `round ${round}`)
        t.equal(subject.store.sightings.hasListed(PKG, 'pkg-1.1.tar.gz'), false)
        t.equal(subject.store.sightings.hasListed(OTHER, 'pkg-1.0.tar.gz'), false)
        await subject.reopen?.()
      }
    })
    t.test('a path stays with the project that showed it first', async t => {
      const subject = await open(t)
      const file = fileOf('pkg-1.0.tar.gz')
      subject.store.sightings.record(PKG, [file], readAt())
      await subject.reopen?.()
      subject.store.sightings.record(OTHER, [file], readAt(instant(START + 1)))
      t.equal(subject.store.sightings.projectOf(file.path), PKG)
      await subject.reopen?.()
      t.equal(subject.store.sightings.projectOf(file.path), PKG)
    })
    t.test('a name that comes back with another sha256 is changed, every time and after a restart', async t => {
      const subject = await open(t)
      const { sightings } = subject.store
      sightings.record(PKG, [fileOf('pkg-1.0.tar.gz'), fileOf('pkg-1.1.tar.gz')], readAt())
      const swapped = [fileOf('pkg-1.0.tar.gz', 'other bytes'), fileOf('pkg-1.1.tar.gz')]
      t.strictSame(sightings.record(PKG, swapped, readAt()), { changed: ['pkg-1.0.tar.gz'] })
      t.strictSame(sightings.record(PKG, swapped, readAt()), { changed: ['pkg-1.0.tar.gz'] })
      await subject.reopen?.()
      t.strictSame(subject.store.sightings.record(PKG, swapped, readAt()), { changed: ['pkg-1.0.tar.gz'] })
      t.equal(subject.store.sightings.projectOf(fileOf('pkg-1.0.tar.gz', 'other bytes').path), PKG)
    })
    t.test('the first sight stays: the old bytes are unchanged when they return', async t => {
      const subject = await open(t)
      subject.store.sightings.record(PKG, [fileOf('pkg-1.0.tar.gz')], readAt())
      subject.store.sightings.record(PKG, [fileOf('pkg-1.0.tar.gz', 'other bytes')], readAt())
      t.strictSame(subject.store.sightings.record(PKG, [fileOf('pkg-1.0.tar.gz')], readAt()), { changed: [] })
    })
    t.test('a name that vanished and came back is still known', async t => {
      const subject = await open(t)
      subject.store.sightings.record(PKG, [fileOf('pkg-1.0.tar.gz')], readAt())
      subject.store.sightings.record(PKG, [], readAt())
      await subject.reopen?.()
      const { changed } = subject.store.sightings.record(PKG, [fileOf('pkg-1.0.tar.gz', 'other bytes')], readAt())
      t.strictSame(changed, ['pkg-1.0.tar.gz'])
    })
    t.test('the same name in two projects is two files', async t => {
      const subject = await open(t)
      subject.store.sightings.record(PKG, [fileOf('pkg-1.0.tar.gz')], readAt())
      t.strictSame(subject.store.sightings.record(OTHER, [fileOf('pkg-1.0.tar.gz', 'other')], readAt()), {
        changed: [],
      })
    })
    t.test('a sha256 that the index gives later is the first one', async t => {
      const subject = await open(t)
      const { sightings } = subject.store
      sightings.record(PKG, [{ ...fileOf('pkg-1.0.tar.gz'), sha256: undefined }], readAt())
      t.strictSame(sightings.record(PKG, [fileOf('pkg-1.0.tar.gz')], readAt()), { changed: [] })
      await subject.reopen?.()
      t.strictSame(
        subject.store.sightings.record(PKG, [{ ...fileOf('pkg-1.0.tar.gz'), sha256: undefined }], readAt()),
        {
          changed: [],
        },
      )
      const { changed } = subject.store.sightings.record(PKG, [fileOf('pkg-1.0.tar.gz', 'other')], readAt())
      t.strictSame(changed, ['pkg-1.0.tar.gz'])
    })
    t.test('a page of ten thousand files is known whole, at once and after a restart', async t => {
      const subject = await open(t)
      const files = Array.from({ length: 10_000 }, (_, number) => fileOf(`pkg-1.${number}.tar.gz`))
      t.strictSame(subject.store.sightings.record(PKG, files, readAt()), { changed: [] })
      t.equal(subject.store.sightings.projectOf(files.at(-1)?.path as FilePath), PKG)
      await subject.reopen?.()
      const swapped = [...files.slice(0, -1), fileOf('pkg-1.9999.tar.gz', 'other')]
      t.strictSame(subject.store.sightings.record(PKG, swapped, readAt()), { changed: ['pkg-1.9999.tar.gz'] })
      t.equal(subject.store.sightings.projectOf(files[5_000]?.path as FilePath), PKG)
    })
    t.test('serials only rise', async t => {
      const subject = await open(t)
      t.equal(subject.store.sightings.lastSerial(PKG), undefined)
      subject.store.sightings.raiseSerial(PKG, 7)
      subject.store.sightings.raiseSerial(PKG, 5)
      t.equal(subject.store.sightings.lastSerial(PKG), 7)
      await subject.reopen?.()
      subject.store.sightings.raiseSerial(PKG, 6)
      t.equal(subject.store.sightings.lastSerial(PKG), 7)
      subject.store.sightings.raiseSerial(PKG, 8)
      await subject.reopen?.()
      t.equal(subject.store.sightings.lastSerial(PKG), 8)
      t.equal(subject.store.sightings.lastSerial(OTHER), undefined)
    })
  })

  t.test(`the journal of a ${name} store`, async t => {
    t.test('an entry is kept with everything that it says', async t => {
      const subject = await open(t)
      const poor: JournalEntry = {
        ...ENTRY,
        sha256: undefined,
        outcome: 'refused',
        code: 'no-rule',
        rule: undefined,
        identity: undefined,
        trustDigest: undefined,
      }
      subject.store.journal.record(ENTRY)
      subject.store.journal.record(poor)
      t.strictSame(subject.journal(), [
        { ...ENTRY, count: 1 },
        { ...poor, count: 1 },
      ])
      await subject.reopen?.()
      t.strictSame(subject.journal(), [
        { ...ENTRY, count: 1 },
        { ...poor, count: 1 },
      ])
    })
    t.test('no hit is lost, whether hits share a row or not', async t => {
      const subject = await open(t)
      for (let hit = 0; hit < 100; hit += 1) subject.store.journal.record({ ...ENTRY, at: instant(START + hit) })
      subject.store.journal.flush()
      subject.store.journal.record({ ...ENTRY, at: instant(START + 999) })
      t.equal(
        subject.journal().reduce((sum, { count }) => sum + count, 0),
        101,
      )
    })
    t.test('entries that differ in anything never share a row', async t => {
      const subject = await open(t)
      const changes: readonly Partial<JournalEntry>[] = [
        {},
        { at: instant(START + 1_000) },
        { filename: 'x' },
        { project: 'x' },
        { sha256: sha256Of('x') },
        { outcome: 'refused' },
        { code: 'optional' },
        { rule: 'defaults' },
        { identity: undefined },
        { identity: { issuer: 'i', san: 's', repository: 'r', workflow: 'w', ref: undefined } },
        { policyDigest: sha256Of('x') },
        { trustDigest: undefined },
        { client: '192.0.2.2' },
      ]
      for (const change of changes) subject.store.journal.record({ ...ENTRY, ...change })
      t.strictSame(
        subject.journal(),
        changes.map(change => ({ ...ENTRY, ...change, count: 1 })),
      )
    })
  })

  t.test(`refusals of a ${name} store`, async t => {
    t.test('a refusal comes back whole under its id', async t => {
      const subject = await open(t)
      const poor: Refused = {
        ...REFUSED,
        code: 'digest-missing',
        rule: undefined,
        identity: undefined,
        admitWith: undefined,
        file: { ...REFUSED.file, version: undefined, sha256: undefined },
        steps: [],
      }
      subject.store.refusals.put('aaaaaaaaaaaa', REFUSED, START)
      subject.store.refusals.put('bbbbbbbbbbbb', poor, instant(START + 1))
      for (const round of [1, 2]) {
        t.strictSame(subject.store.refusals.get('aaaaaaaaaaaa'), { refused: REFUSED, at: START }, `round ${round}`)
        t.strictSame(subject.store.refusals.get('bbbbbbbbbbbb'), { refused: poor, at: START + 1 }, `round ${round}`)
        t.equal(subject.store.refusals.get('cccccccccccc'), undefined)
        await subject.reopen?.()
      }
    })
    t.test('kept again, it has the newer time', async t => {
      const subject = await open(t)
      subject.store.refusals.put('aaaaaaaaaaaa', REFUSED, START)
      await subject.reopen?.()
      subject.store.refusals.put('aaaaaaaaaaaa', REFUSED, instant(START + 9))
      await subject.reopen?.()
      t.equal(subject.store.refusals.get('aaaaaaaaaaaa')?.at, START + 9)
    })
  })

  t.test(`the watermark of a ${name} store`, async t => {
    t.test('begins at zero, only rises, and outlives a restart', async t => {
      const subject = await open(t)
      t.equal(subject.store.watermark.newest(), 0)
      subject.store.watermark.raise(START)
      subject.store.watermark.raise(instant(START - 1))
      t.equal(subject.store.watermark.newest(), START)
      await subject.reopen?.()
      t.equal(subject.store.watermark.newest(), START)
    })
    const recordings: Readonly<Record<string, (subject: Subject) => void>> = {
      'a finding': ({ store }) => store.findings.put(KEY, remembered(attested())),
      'a page': ({ store }) => void store.sightings.record(PKG, [], readAt()),
      'a verdict': ({ store }) => store.journal.record(ENTRY),
      'a refusal': ({ store }) => store.refusals.put('aaaaaaaaaaaa', REFUSED, START),
    }
    for (const [what, record] of Object.entries(recordings))
      t.test(`is raised by ${what} that is recorded`, async t => {
        const subject = await open(t)
        record(subject)
        t.equal(subject.store.watermark.newest(), START)
        await subject.reopen?.()
        t.equal(subject.store.watermark.newest(), START)
      })
  })

  t.test(`a ${name} store that is well`, async t => {
    const subject = await open(t)
    t.doesNotThrow(() => subject.store.probe())
    subject.store.journal.record(ENTRY)
    t.doesNotThrow(() => subject.store.probe())
    t.doesNotThrow(() => subject.store.close())
    t.doesNotThrow(() => subject.store.close(), 'twice')
  })
}

storeConformance('memory', memorySubject)
storeConformance('SQLite', diskSubject)
