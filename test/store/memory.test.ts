// guards: src/store/memory-blobs.ts
// guards: src/store/sqlite/source-memory.ts src/store/sqlite/tables/files-table.ts
// guards: src/store/sqlite/tables/findings-table.ts src/store/sqlite/tables/pages-table.ts
// guards: src/store/sqlite/tables/project-tables.ts src/store/sqlite/tables/proofs-table.ts
// guards: src/store/sqlite/tables/sources-table.ts
import t, { type Test } from 'tap'
import { sha256Of } from '../../src/domain/base/digest.ts'
import { instant } from '../../src/domain/base/instant.ts'
import { HELD, sourceAt } from '../../src/domain/memory/source.ts'
import type { FilePath } from '../../src/domain/packaging/artifact.ts'
import { parseProjectName } from '../../src/domain/packaging/name.ts'
import type { Memory } from '../../src/ports/memory.ts'
import { encodeFinding } from '../../src/verify/evidence/finding-codec.ts'
import { NO_POSTGRES, startCluster } from '../world/engines/postgres.ts'
import { attested, bundle } from '../world/judging/judging.ts'
import { fileOf, findingIn, found, KEY, OTHER, PKG, pageOf, plain, proved, readPage } from './facts.ts'
import { diskSubject, INDEX, memorySubject, START, type Subject, sharedSubject } from './stores.ts'

const PKG_2 = parseProjectName('pkg-2')

/** The contract of {@link Memory}, as ports/memory.ts has it in words. */
function memoryConformance(t: Test, name: string, open: (t: Test) => Promise<Subject>): void {
  t.test(`findings in ${name}`, async t => {
    t.test('an attested finding comes back as the proof it was', async t => {
      const subject = await open(t)
      const finding = attested(
        bundle({ facts: [{ contradiction: 'the builder differs' }, { predicateType: { unknown: 'x' } }] }),
        bundle(),
      )
      await (await subject.memory()).learn(PKG, { findings: [found(finding)] })
      await subject.reopen?.()
      const remembered = await findingIn(await subject.memory())
      t.equal(remembered?.found, START)
      t.ok(remembered?.finding.kind === 'attested')
      if (remembered?.finding.kind !== 'attested') return
      t.equal(encodeFinding(remembered.finding), encodeFinding(finding))
    })
    t.test('what was proved wrong or absent comes back too, whatever the reason', async t => {
      const subject = await open(t)
      const whys = [
        'provenance-malformed',
        'signature-invalid',
        'subject-mismatch',
        'digest-mismatch',
        'metadata-mismatch',
        'metadata-unreadable',
      ] as const
      const memory = await subject.memory()
      for (const why of whys)
        await memory.learn(PKG, {
          findings: [found({ kind: 'invalid', why, detail: `because ${why}` }, { filename: why })],
        })
      await memory.learn(PKG, { findings: [found({ kind: 'unattested', said: 'integrity' })] })
      await subject.reopen?.()
      const after = await subject.memory()
      for (const why of whys)
        t.strictSame((await findingIn(after, { ...KEY, filename: why }))?.finding, {
          kind: 'invalid',
          why,
          detail: `because ${why}`,
        })
      t.strictSame((await findingIn(after))?.finding, { kind: 'unattested', said: 'integrity' })
    })
    t.test('a finding is found under its project, digest, file name and root alone', async t => {
      const subject = await open(t)
      await (await subject.memory()).learn(PKG, { findings: [found()] })
      for (const round of [1, 2]) {
        const memory = await subject.memory()
        t.equal(await findingIn(memory, { ...KEY, sha256: sha256Of('other') }), undefined, `digest, ${round}`)
        t.equal(await findingIn(memory, { ...KEY, filename: 'pkg-1.0.zip' }), undefined, `file name, ${round}`)
        t.equal(await findingIn(memory, { ...KEY, trustDigest: sha256Of('next root') }), undefined, `root, ${round}`)
        t.equal((await memory.of(OTHER)).findings.get(KEY), undefined, `project, ${round}`)
        await subject.reopen?.()
      }
    })
    t.test('a later finding takes the place of an earlier one, of a known absence too', async t => {
      const subject = await open(t)
      const memory = await subject.memory()
      t.equal(await findingIn(memory), undefined)
      await memory.learn(PKG, { findings: [found({ kind: 'unattested', said: 'index' })] })
      t.equal((await findingIn(memory))?.finding.kind, 'unattested')
      await memory.learn(PKG, { findings: [found(attested(), {}, instant(START + 5))] })
      t.match(await findingIn(memory), { found: START + 5, finding: { kind: 'attested' } })
      await subject.reopen?.()
      t.match(await findingIn(await subject.memory()), { found: START + 5, finding: { kind: 'attested' } })
    })
    t.test('equal questions get the same object', async t => {
      const subject = await open(t)
      await (await subject.memory()).learn(PKG, { findings: [found()] })
      await subject.reopen?.()
      const memory = await subject.memory()
      t.equal(await findingIn(memory), await findingIn(memory))
    })
  })

  t.test(`paths in ${name}`, async t => {
    t.test('a recorded path leads to its project', async t => {
      const subject = await open(t)
      const memory = await subject.memory()
      const files = [fileOf('pkg-1.0.tar.gz'), fileOf('pkg-1.0-py3-none-any.whl')]
      t.equal(await memory.projectOf(fileOf('pkg-1.0.tar.gz').path), undefined)
      t.strictSame(await readPage(memory, PKG, files), { changed: [] })
      for (const round of [1, 2]) {
        const now = await subject.memory()
        for (const { path } of files) t.equal(await now.projectOf(path), PKG, `round ${round}`)
        t.equal(await now.projectOf(fileOf('pkg-1.0.tar.gz', 'other bytes').path), undefined)
        await subject.reopen?.()
      }
    })
    t.test('what a project has listed is known for good, by its name', async t => {
      const subject = await open(t)
      const memory = await subject.memory()
      await readPage(memory, PKG, [fileOf('pkg-1.0.tar.gz')])
      await readPage(memory, PKG, [])
      for (const round of [1, 2]) {
        const now = await subject.memory()
        const { sightings } = await now.of(PKG)
        t.equal(sightings.has('pkg-1.0.tar.gz'), true, `round ${round}`)
        t.equal(sightings.has('pkg-1.1.tar.gz'), false)
        t.equal((await now.of(OTHER)).sightings.has('pkg-1.0.tar.gz'), false)
        await subject.reopen?.()
      }
    })
    t.test('a path stays with the project that showed it first', async t => {
      const subject = await open(t)
      const file = fileOf('pkg-2-4.tar.gz') // pkg 2.post4, or pkg-2 4
      await readPage(await subject.memory(), PKG, [file])
      await subject.reopen?.()
      await readPage(await subject.memory(), PKG_2, [file], instant(START + 1))
      t.equal(await (await subject.memory()).projectOf(file.path), PKG)
      await subject.reopen?.()
      t.equal(await (await subject.memory()).projectOf(file.path), PKG)
    })
    t.test('a page that lists what is no file of its project leads nobody there', async t => {
      const subject = await open(t)
      const file = fileOf('pkg-1.0-py3-none-any.whl')
      await readPage(await subject.memory(), OTHER, [file])
      for (const round of [1, 2]) {
        t.equal(await (await subject.memory()).projectOf(file.path), undefined, `round ${round}`)
        await subject.reopen?.()
      }
      await readPage(await subject.memory(), PKG, [file], instant(START + 1))
      t.equal(await (await subject.memory()).projectOf(file.path), PKG)
    })
    t.test('a sha256 that any page gave for a file is known to be that of the file', async t => {
      const subject = await open(t)
      await readPage(await subject.memory(), PKG, [fileOf('pkg-1.0.tar.gz')])
      for (const round of [1, 2]) {
        const memory = await subject.memory()
        const its = [{ project: PKG, filename: 'pkg-1.0.tar.gz' }]
        t.strictSame(await memory.listedAs(sha256Of('pkg-1.0.tar.gz')), its, `round ${round}`)
        t.strictSame(await memory.listedAs(sha256Of('something else')), [])
        t.strictSame(await (await subject.memory(HELD)).listedAs(sha256Of('pkg-1.0.tar.gz')), [], 'of another source')
        await subject.reopen?.()
      }
    })
    t.test('a file that is listed under another path is found there alone', async t => {
      const subject = await open(t)
      const [before, now] = [fileOf('pkg-2-4.tar.gz'), fileOf('pkg-2-4.tar.gz', 'other bytes')]
      await readPage(await subject.memory(), PKG, [before])
      await readPage(await subject.memory(), PKG_2, [before], instant(START + 1))
      await subject.reopen?.()
      await readPage(await subject.memory(), PKG, [now], instant(START + 2))
      for (const round of [1, 2]) {
        const memory = await subject.memory()
        t.equal(await memory.projectOf(now.path), PKG, `round ${round}`)
        t.equal(await memory.projectOf(before.path), PKG_2, `the other project still lists it there, round ${round}`)
        await subject.reopen?.()
      }
    })
  })

  t.test(`first sights in ${name}`, async t => {
    t.test('a name that comes back with another sha256 is changed, every time and after a restart', async t => {
      const subject = await open(t)
      const memory = await subject.memory()
      await readPage(memory, PKG, [fileOf('pkg-1.0.tar.gz'), fileOf('pkg-1.1.tar.gz')])
      const swapped = [fileOf('pkg-1.0.tar.gz', 'other bytes'), fileOf('pkg-1.1.tar.gz')]
      t.strictSame(await readPage(memory, PKG, swapped), { changed: ['pkg-1.0.tar.gz'] })
      t.strictSame(await readPage(memory, PKG, swapped), { changed: ['pkg-1.0.tar.gz'] })
      await subject.reopen?.()
      const after = await subject.memory()
      t.strictSame(await readPage(after, PKG, swapped), { changed: ['pkg-1.0.tar.gz'] })
      t.equal(await after.projectOf(fileOf('pkg-1.0.tar.gz', 'other bytes').path), PKG)
    })
    t.test('the first sight stays: the old bytes are unchanged when they return', async t => {
      const memory = await (await open(t)).memory()
      await readPage(memory, PKG, [fileOf('pkg-1.0.tar.gz')])
      await readPage(memory, PKG, [fileOf('pkg-1.0.tar.gz', 'other bytes')])
      t.strictSame(await readPage(memory, PKG, [fileOf('pkg-1.0.tar.gz')]), { changed: [] })
    })
    t.test('a name that vanished and came back is still known', async t => {
      const subject = await open(t)
      await readPage(await subject.memory(), PKG, [fileOf('pkg-1.0.tar.gz')])
      await readPage(await subject.memory(), PKG, [])
      await subject.reopen?.()
      const { changed } = await readPage(await subject.memory(), PKG, [fileOf('pkg-1.0.tar.gz', 'other bytes')])
      t.strictSame(changed, ['pkg-1.0.tar.gz'])
    })
    t.test('the same name in two projects is two files', async t => {
      const memory = await (await open(t)).memory()
      await readPage(memory, PKG, [fileOf('pkg-1.0.tar.gz')])
      t.strictSame(await readPage(memory, OTHER, [fileOf('pkg-1.0.tar.gz', 'other')]), { changed: [] })
    })
    t.test('a sha256 that the index gives later is the first one', async t => {
      const subject = await open(t)
      const memory = await subject.memory()
      const without = { ...fileOf('pkg-1.0.tar.gz'), sha256: undefined }
      await readPage(memory, PKG, [without])
      t.strictSame(await readPage(memory, PKG, [fileOf('pkg-1.0.tar.gz')]), { changed: [] })
      await subject.reopen?.()
      const after = await subject.memory()
      t.strictSame(await readPage(after, PKG, [without]), { changed: [] })
      const { changed } = await readPage(after, PKG, [fileOf('pkg-1.0.tar.gz', 'other')])
      t.strictSame(changed, ['pkg-1.0.tar.gz'])
    })
    t.test('a page of ten thousand files is known whole, at once and after a restart', async t => {
      const subject = await open(t)
      const memory = await subject.memory()
      const files = Array.from({ length: 10_000 }, (_, number) => fileOf(`pkg-1.${number}.tar.gz`))
      t.strictSame(await readPage(memory, PKG, files), { changed: [] })
      t.equal(await memory.projectOf(files.at(-1)?.path as FilePath), PKG)
      await subject.reopen?.()
      const after = await subject.memory()
      const swapped = [...files.slice(0, -1), fileOf('pkg-1.9999.tar.gz', 'other')]
      t.strictSame(await readPage(after, PKG, swapped), { changed: ['pkg-1.9999.tar.gz'] })
      t.equal(await after.projectOf(files[5_000]?.path as FilePath), PKG)
    })
    t.test('serials only rise', async t => {
      const subject = await open(t)
      const serialOf = async (project = PKG) => (await (await subject.memory()).of(project)).serial
      const raise = async (serial: number) => void (await (await subject.memory()).learn(PKG, { serial }))
      t.equal(await serialOf(), undefined)
      await raise(7)
      await raise(5)
      t.equal(await serialOf(), 7)
      await subject.reopen?.()
      await raise(6)
      t.equal(await serialOf(), 7)
      await raise(8)
      await subject.reopen?.()
      t.equal(await serialOf(), 8)
      t.equal(await serialOf(OTHER), undefined)
    })
  })

  t.test(`memories in ${name}`, async t => {
    t.test('a project of which nothing is known has an empty one', async t => {
      const memory = await (await open(t)).memory()
      t.strictSame(plain(await memory.of(PKG), [KEY]), {
        project: PKG,
        sightings: [],
        reading: undefined,
        proofs: [],
        settled: [],
        serials: undefined,
        findings: [undefined],
      })
    })
    t.test('whoever got a memory keeps it, whatever is learned meanwhile', async t => {
      const memory = await (await open(t)).memory()
      const before = await memory.learn(PKG, pageOf([fileOf('pkg-1.0.tar.gz')]))
      const text = JSON.stringify(plain(before, [KEY]))
      await memory.learn(PKG, { ...pageOf([fileOf('pkg-2.0.tar.gz')], instant(START + 1)), serial: 3 })
      await memory.learn(PKG, { findings: [found()], proofs: [proved()] })
      t.equal(JSON.stringify(plain(before, [KEY])), text)
    })
    t.test('what is learned is answered, and is what is remembered from then on', async t => {
      const subject = await open(t)
      const memory = await subject.memory()
      const answer = await memory.learn(PKG, { ...pageOf([fileOf('pkg-1.0.tar.gz')]), serial: 3, proofs: [proved()] })
      t.equal(await memory.of(PKG), answer, 'the very object')
      t.equal(memory.atHand(PKG), answer)
      await subject.reopen?.()
      t.strictSame(plain(await (await subject.memory()).of(PKG)), plain(answer))
    })
    t.test('two who learn at once are both heard, through whatever object', async t => {
      const subject = await open(t)
      const [one, other] = [await subject.store.memory(INDEX), await subject.store.memory(INDEX)]
      const files = Array.from({ length: 20 }, (_, number) => `pkg-1.${number}.tar.gz`)
      await Promise.all(
        files.map((filename, number) =>
          (number % 2 === 0 ? one : other).learn(PKG, { findings: [found(attested(), { filename })] }),
        ),
      )
      for (const round of [1, 2]) {
        const { findings } = await (await subject.memory()).of(PKG)
        const known = files.filter(filename => findings.get({ ...KEY, filename }) !== undefined)
        t.strictSame(known, files, `round ${round}`)
        await subject.reopen?.()
      }
    })
    t.test('to learn something again is nothing', async t => {
      const subject = await open(t)
      const facts = { ...pageOf([fileOf('pkg-1.0.tar.gz')]), serial: 3, proofs: [proved()], findings: [found()] }
      const memory = await subject.memory()
      const once = await memory.learn(PKG, facts)
      const { history } = once
      const again = await memory.learn(PKG, facts)
      t.strictSame(plain(again, [KEY]), plain(once, [KEY]))
      t.equal(again.sightings, once.sightings, 'not even another object')
      t.equal(again.history, history)
      await subject.reopen?.()
      const after = await (await subject.memory()).learn(PKG, facts)
      t.strictSame(plain(after, [KEY]), plain(once, [KEY]))
    })
    t.test('the first proof of a file stays', async t => {
      const subject = await open(t)
      for (const at of [START, instant(START + 1)]) {
        await (await subject.memory()).learn(PKG, { proofs: [proved('pkg-1.0.tar.gz', at)] })
        await subject.reopen?.()
      }
      const { proofs, history } = await (await subject.memory()).of(PKG)
      t.strictSame(proofs.get('pkg-1.0.tar.gz'), proved('pkg-1.0.tar.gz', START))
      t.equal(history.first?.proof.at, START)
    })
    t.test('a page that is read again keeps its status, and its time only rises', async t => {
      const subject = await open(t)
      const learn = async (facts: Parameters<Memory['learn']>[1]) =>
        (await (await subject.memory()).learn(PKG, facts)).reading
      t.equal(await learn({ reread: START }), undefined, 'one that was never read cannot be read again')
      await learn(pageOf([], START, 'archived'))
      await learn({ reread: instant(START + 9) })
      await subject.reopen?.()
      const reading = await learn({ reread: instant(START + 5) })
      const whole = { first: START, last: START + 9 }
      t.strictSame(reading, { lastRead: START + 9, status: 'archived', statusSince: START, whole })
    })
  })

  t.test(`sources in ${name}`, async t => {
    const everything = {
      ...pageOf([fileOf('pkg-1.0.tar.gz')]),
      serial: 7,
      proofs: [proved()],
      findings: [found()],
    }
    for (const other of [sourceAt('https://index.example'), HELD])
      t.test(`nothing that one said is held against another: ${other}`, async t => {
        const subject = await open(t)
        await (await subject.memory(INDEX)).learn(PKG, everything)
        for (const round of [1, 2]) {
          const memory = await subject.memory(other)
          const known = await memory.of(PKG)
          t.equal(known.serial, undefined, `serial, round ${round}`)
          t.equal(known.sightings.size, 0, `first sha256, round ${round}`)
          t.equal(known.reading, undefined, `page, round ${round}`)
          t.equal(known.findings.get(KEY), undefined, `finding, round ${round}`)
          t.equal(known.history.first, undefined, `history, round ${round}`)
          t.equal(await memory.projectOf(fileOf('pkg-1.0.tar.gz').path), undefined, `path, round ${round}`)
          await subject.reopen?.()
        }
        const swapped = [fileOf('pkg-1.0.tar.gz', 'other bytes')]
        t.strictSame(await readPage(await subject.memory(other), PKG, swapped), { changed: [] })
        await (await subject.memory(other)).learn(PKG, { serial: 3 })
        t.equal((await (await subject.memory(other)).of(PKG)).serial, 3)
        await subject.reopen?.()
        const first = await subject.memory(INDEX)
        t.equal((await first.of(PKG)).serial, 7, 'and the other way round')
        t.equal((await first.of(PKG)).sightings.get('pkg-1.0.tar.gz')?.sha256, sha256Of('pkg-1.0.tar.gz'))
        t.equal((await findingIn(first))?.finding.kind, 'attested')
      })
    t.test('a source is the same however its slash is written', async t => {
      const subject = await open(t)
      await (await subject.memory(sourceAt('https://index.example/'))).learn(PKG, { serial: 3 })
      t.equal((await (await subject.memory(sourceAt('https://index.example'))).of(PKG)).serial, 3)
    })
  })
}

memoryConformance(t, 'memory', memorySubject)
memoryConformance(t, 'SQLite', diskSubject)

t.test('over PostgreSQL', { skip: NO_POSTGRES }, async t => {
  const cluster = await startCluster(t)
  memoryConformance(t, 'PostgreSQL', async t => await sharedSubject(t, await cluster.database()))
})
/** Opened again before every step, so that everything comes from the disk. */
memoryConformance(t, 'SQLite that is opened again', async t => {
  const subject = await diskSubject(t)
  const memory = subject.memory.bind(subject)
  return Object.assign(subject, {
    async memory(...args: Parameters<Subject['memory']>) {
      await subject.reopen()
      return await memory(...args)
    },
  })
})
