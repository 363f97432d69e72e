import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import t, { type Test } from 'tap'
import { sha256Of } from '../../src/domain/base/digest.ts'
import { instant, millis } from '../../src/domain/base/instant.ts'
import type { Refused } from '../../src/domain/decide/verdict.ts'
import type { FindingKey, RememberedFinding } from '../../src/domain/memory/findings.ts'
import type { JournalEntry } from '../../src/ports/store.ts'
import { createRetention } from '../../src/store/sqlite/retention.ts'
import { fileOf, findingIn, PKG, pageOf } from '../store/facts.ts'
import { type DiskSubject, diskSubject, readJournal, START, type Subject } from '../store/stores.ts'
import { attested } from '../world/judging/judging.ts'
import { inAnyRound } from '../world/thread/rounds.ts'
import { until } from '../world/until.ts'
import { fill, smallDisk } from './small-disk.ts'

function keyOf(number = 0): FindingKey {
  return { sha256: sha256Of(`file ${number}`), filename: `pkg-1.${number}.tar.gz`, trustDigest: sha256Of('root') }
}

const ATTESTED = { finding: attested(), found: START } as RememberedFinding

/** Learns that this was found. */
async function find(subject: Subject, key = keyOf(), remembered = ATTESTED): Promise<void> {
  await (await subject.memory()).learn(PKG, { findings: [{ key, ...remembered }] })
}

async function known(subject: Subject, key = keyOf()): Promise<RememberedFinding | undefined> {
  return await findingIn(await subject.memory(), key)
}

function entry(number = 0, changes: Partial<JournalEntry> = {}): JournalEntry {
  const { sha256, filename, trustDigest } = keyOf(number)
  return {
    at: START,
    filename,
    project: 'pkg',
    sha256,
    outcome: 'admitted',
    code: 'attestation',
    rule: 'projects[0] pkg',
    identity: undefined,
    policyDigest: sha256Of('policy'),
    trustDigest,
    client: '192.0.2.1',
    ...changes,
  }
}

const REFUSED: Refused = {
  kind: 'refused',
  code: 'no-rule',
  file: { project: 'pkg', version: '1.0', filename: 'pkg-1.0.tar.gz', sha256: undefined },
  rule: undefined,
  identity: undefined,
  detail: 'no rule',
  admitWith: undefined,
  policyDigest: sha256Of('policy'),
  steps: [],
  notes: [],
}

/** A data folder that was used, and is closed now. */
async function usedFolder(t: Test): Promise<DiskSubject> {
  const subject = await diskSubject(t)
  for (let number = 0; number < 300; number += 1) {
    await find(subject, keyOf(number))
    subject.store.journal.record(entry(number))
  }
  await (await subject.memory()).learn(PKG, { serial: 7 })
  await subject.close()
  return subject
}

function alarms(subject: DiskSubject): readonly string[] {
  return subject.events.flatMap(event => (event.type === 'alarm' ? [event.alarm] : []))
}

function setAside({ folder }: DiskSubject): readonly string[] {
  return readdirSync(folder).filter(name =>
    /^portcullis\.sqlite\.set-aside-2026-11-24T12-00-00-000Z(?:-\d)?$/.test(name),
  )
}

/** What a gate leaves behind that was killed: the write-ahead log is still there. */
async function killedFolder(t: Test): Promise<DiskSubject> {
  const subject = await diskSubject(t)
  await find(subject)
  await subject.store.journal.flush()
  const log = readFileSync(`${subject.file}-wal`)
  const main = readFileSync(subject.file)
  await subject.close()
  writeFileSync(subject.file, main)
  writeFileSync(`${subject.file}-wal`, log)
  return subject
}

t.test('a damaged database is set aside with an alarm, and a new one begun', async t => {
  const damages: Readonly<Record<string, (file: string) => void>> = {
    'full of garbage': file => writeFileSync(file, 'garbage '.repeat(5_000)),
    'cut in the middle': file => truncateSync(file, Math.floor(statSync(file).size / 8192) * 4096),
    'a directory': file => {
      rmSync(file)
      mkdirSync(file)
    },
    'a symbolic link': file => {
      writeFileSync(`${file}.real`, readFileSync(file))
      rmSync(file)
      symlinkSync(`${file}.real`, file)
    },
    'without one of its tables': file => edit(file, database => database.exec('drop table words')),
    'without one of its columns': file =>
      edit(file, database => database.exec('alter table findings drop column seal')),
    'overwritten in its pages by a process that was killed': file => {
      const bytes = readFileSync(file)
      bytes.fill('x', 4096, 12 * 4096)
      writeFileSync(file, bytes)
      writeFileSync(`${file}-wal`, '')
    },
  }
  for (const [what, damage] of Object.entries(damages))
    t.test(`one that is ${what}`, async t => {
      const subject = await usedFolder(t)
      damage(subject.file)
      await subject.reopen()
      t.strictSame(alarms(subject), ['database-set-aside'])
      t.equal(setAside(subject).length, 1)
      for (let number = 0; number < 300; number += 1)
        if ((await known(subject, keyOf(number))) !== undefined) t.fail(`finding ${number} came out of it`)
      t.equal((await (await subject.memory()).of(PKG)).serial, undefined)
      t.equal(subject.store.watermark.newest(), 0)
      await subject.store.probe()
      await find(subject)
      await subject.reopen()
      t.equal((await known(subject))?.finding.kind, 'attested', 'the new one works')
      t.strictSame(alarms(subject), ['database-set-aside'], 'and is not set aside again')
    })
  t.test('the alarm says what was lost and where the old one is', async t => {
    const subject = await usedFolder(t)
    writeFileSync(subject.file, 'garbage')
    await subject.reopen()
    const [alarm] = subject.events.filter(event => event.type === 'alarm')
    const detail = alarm?.type === 'alarm' ? alarm.detail : ''
    for (const part of [
      'digests at which files were first seen',
      'serials',
      'newest recorded time',
      setAside(subject)[0] ?? '?',
    ])
      t.match(detail, part)
    t.equal(readFileSync(join(subject.folder, setAside(subject)[0] ?? ''), 'utf8'), 'garbage')
  })
  t.test('two on one day have two names', async t => {
    const subject = await usedFolder(t)
    for (const round of [1, 2]) {
      writeFileSync(subject.file, `garbage ${round}`)
      await subject.reopen()
      await subject.close()
    }
    t.equal(setAside(subject).length, 2)
  })
})

t.test('a database that is sound but not usable stops the start with the reason, and stays as it is', async t => {
  const reasons: Readonly<Record<string, { readonly make: (file: string) => void; readonly says: RegExp }>> = {
    'another program’s': {
      make: file => {
        rmSync(file)
        edit(file, database => database.exec('create table recipes (name text)'))
      },
      says: /another program/,
    },
    'a newer version’s': {
      make: file => edit(file, database => database.exec(`insert into kysely_migration values ('9999-later', 'now')`)),
      says: /newer version/,
    },
  }
  for (const [what, { make, says }] of Object.entries(reasons))
    t.test(`${what} database`, async t => {
      const subject = await usedFolder(t)
      make(subject.file)
      const before = readFileSync(subject.file)
      await t.rejects(subject.reopen(), { code: 'config-invalid', detail: says })
      await t.rejects(
        subject.reopen(),
        { code: 'config-invalid', detail: subject.file },
        'and again: it holds nothing locked',
      )
      t.ok(readFileSync(subject.file).equals(before))
      t.strictSame(alarms(subject), [])
      t.strictSame(setAside(subject), [])
    })
  t.test('one that another program has locked', async t => {
    const subject = await usedFolder(t)
    const other = new Database(subject.file)
    t.teardown(() => other.close())
    other.pragma('locking_mode = exclusive')
    other.exec('begin exclusive')
    await t.rejects(subject.reopen(), { code: 'config-invalid', detail: /SQLITE_BUSY/ })
    other.exec('rollback')
    other.close()
    await subject.reopen()
    t.equal((await known(subject))?.finding.kind, 'attested')
  })
  t.test('one on a disk that is read-only', async t => {
    const disk = smallDisk(t, '8m')
    if (disk === undefined) return void t.pass('no disk can be mounted here', { skip: true })
    const subject = await diskSubject(t, { folder: join(disk.folder, 'data') })
    await find(subject)
    await subject.close()
    disk.remount('ro')
    await t.rejects(subject.reopen(), { code: 'config-invalid', detail: disk.folder })
    t.strictSame(alarms(subject), [])
    disk.remount('rw')
    await subject.reopen()
    t.equal((await known(subject))?.finding.kind, 'attested')
  })
  t.test('a data folder that cannot be made', async t => {
    const folder = t.testdir({ file: '' })
    await t.rejects(diskSubject(t, { folder: join(folder, 'file', 'data') }), {
      code: 'config-invalid',
      detail: folder,
    })
  })
})

t.test('one gate per data folder', async t => {
  t.test('a second one is told so, and changes nothing', async t => {
    const subject = await diskSubject(t)
    await t.rejects(diskSubject(t, { folder: subject.folder }), {
      code: 'config-invalid',
      detail: /in use by another gate/,
    })
    await find(subject)
    await subject.reopen()
    t.equal((await known(subject))?.finding.kind, 'attested')
  })
  t.test('a second process is told so; once the first was killed, it may', async t => {
    const folder = t.testdir()
    const child = spawn(process.execPath, [new URL('./crash/child.ts', import.meta.url).pathname, folder, 'wait'])
    t.teardown(() => child.kill('SIGKILL'))
    await once(child.stdout, 'data')
    await t.rejects(diskSubject(t, { folder }), { code: 'config-invalid', detail: /in use by another gate/ })
    child.kill('SIGKILL')
    await once(child, 'exit')
    const subject = await diskSubject(t, { folder })
    t.strictSame(alarms(subject), [])
  })
})

t.test('after a kill', async t => {
  t.test('what is in the write-ahead log is there', async t => {
    const subject = await killedFolder(t)
    await subject.reopen()
    t.equal((await known(subject))?.finding.kind, 'attested')
    t.strictSame(alarms(subject), [])
  })
  t.test('without its write-ahead log the database is what it was before, or begun anew', async t => {
    const subject = await killedFolder(t)
    rmSync(`${subject.file}-wal`)
    await subject.reopen()
    t.equal(await known(subject), undefined)
    await subject.store.probe()
  })
  t.test('a write-ahead log with one byte changed anywhere never yields another finding', async t => {
    const subject = await killedFolder(t)
    const log = readFileSync(`${subject.file}-wal`)
    const main = readFileSync(subject.file)
    for (let at = 13; at < log.length; at += Math.ceil(log.length / 25)) {
      const changed = Buffer.from(log)
      changed[at] = (changed[at] ?? 0) ^ 0x10
      for (const name of readdirSync(subject.folder))
        if (name.startsWith('portcullis')) rmSync(join(subject.folder, name))
      writeFileSync(subject.file, main)
      writeFileSync(`${subject.file}-wal`, changed)
      await subject.reopen()
      const found = await known(subject)
      if (found !== undefined) t.strictSame(found, ATTESTED)
      await subject.close()
    }
  })
})

t.test('a row that was edited by hand is absent', async t => {
  const edits: Readonly<Record<string, string>> = {
    'garbage for a finding': `update findings set finding = 'garbage'`,
    'another kind of finding': `update findings set finding = '{"format":3,"kind":"unattested","said":"index"}'`,
    'another signer in an attested finding': `update findings set finding = replace(finding, 'acme', 'evil')`,
    'another time': 'update findings set found = found + 1',
    'another root': `update findings set trust = '${sha256Of('next root')}'`,
    'another seal': `update findings set seal = x'00'`,
    'another source': 'update findings set source = source + 1',
    'another project': `update findings set project = 'other'`,
    'an older format': `update findings set finding = replace(finding, '"format":3', '"format":2')`,
  }
  for (const [what, statement] of Object.entries(edits))
    t.test(what, async t => {
      const subject = await usedFolder(t)
      edit(subject.file, database => database.exec(statement))
      await subject.reopen()
      for (const key of [keyOf(), { ...keyOf(), trustDigest: sha256Of('next root') }])
        t.equal(await known(subject, key), undefined)
      await find(subject)
      await subject.reopen()
      t.equal((await known(subject))?.finding.kind, 'attested', 'and can be found anew')
    })
  t.test('a finding that was moved to another file', async t => {
    const subject = await usedFolder(t)
    edit(subject.file, database =>
      database
        .prepare('update findings set sha256 = unhex(?), filename = ? where filename = ?')
        .run(sha256Of('evil'), 'evil-1.0.tar.gz', keyOf().filename),
    )
    await subject.reopen()
    t.equal(await known(subject, { ...keyOf(), sha256: sha256Of('evil'), filename: 'evil-1.0.tar.gz' }), undefined)
  })
  for (const [what, json] of Object.entries({
    'garbage for an explanation': 'garbage',
    'an unknown code in an explanation': JSON.stringify({ ...REFUSED, code: 'fine' }),
    'an admission for an explanation': JSON.stringify({ ...REFUSED, kind: 'admitted' }),
    'one key too many in an explanation': JSON.stringify({ ...REFUSED, more: 1 }),
    'one key too few in an explanation': JSON.stringify({ ...REFUSED, steps: undefined }),
  }))
    t.test(what, async t => {
      const subject = await diskSubject(t)
      subject.store.refusals.put('aaaaaaaaaaaa', REFUSED, START)
      await subject.close()
      edit(subject.file, database => database.prepare('update refusals set refused = ?').run(json))
      await subject.reopen()
      t.equal(await subject.store.refusals.get('aaaaaaaaaaaa'), undefined)
    })
})

t.test('damage that shows while the gate runs is "cannot tell", and is examined at the next start', async t => {
  const subject = await usedFolder(t)
  const bytes = readFileSync(subject.file)
  const roots = edit(subject.file, database =>
    database
      .prepare<[], number>(
        `select rootpage from sqlite_schema where name in ('sqlite_autoindex_findings_1', 'refusals_at')`,
      )
      .pluck()
      .all(),
  )
  t.equal(roots.length, 2)
  for (const root of roots) bytes.fill('x', (root - 1) * 4096, root * 4096)
  writeFileSync(subject.file, bytes)
  await subject.reopen()
  await t.rejects(known(subject), { code: 'unknown-store' })
  t.ok(existsSync(`${subject.file}-suspect`))
  await t.rejects(find(subject, keyOf(900)), { code: 'unknown-store' }, 'what cannot be compared is not learned')
  subject.store.refusals.put('aaaaaaaaaaaa', REFUSED, START)
  await t.rejects(subject.store.probe(), { code: 'unknown-store' })
  await t.rejects(find(subject, keyOf(901)), { code: 'unknown-store' })
  t.throws(() => subject.store.journal.record(entry()), { code: 'unknown-store' })
  await subject.blobs.close()
  await t.rejects(subject.store.close(), { code: 'unknown-store' }, 'what cannot be written is not lost silently')
  await subject.reopen().catch(() => subject.reopen())
  t.strictSame(alarms(subject), ['database-set-aside'])
  t.equal(await known(subject), undefined)
})

t.test('a disk that fills up', async t => {
  const disk = smallDisk(t, '6m')
  if (disk === undefined) return void t.pass('no disk can be mounted here', { skip: true })
  const folder = join(disk.folder, 'data')
  const subject = await diskSubject(t, { folder })
  subject.store.journal.record(entry(0))
  await find(subject, keyOf(0))
  await subject.store.journal.flush()
  const ballast = fill(disk.folder)

  let accepted = 0
  await t.rejects(
    async () => {
      for (let number = 1; number < 100_000; number += 1) {
        subject.store.journal.record(entry(number))
        accepted = number
        if (number % 500 === 0) await subject.store.journal.flush()
      }
    },
    { code: 'unknown-store', detail: /SQLITE_FULL/ },
    'the write that does not go through is told',
  )
  await t.rejects(subject.store.probe(), { code: 'unknown-store' }, 'readiness says so')
  t.throws(
    () => subject.store.journal.record(entry(1)),
    { code: 'unknown-store' },
    'nothing is decided without a journal',
  )
  const memory = await subject.memory()
  const before = await memory.of(PKG)
  await t.rejects(find(subject, keyOf(1)), { code: 'unknown-store' })
  await t.rejects(memory.learn(PKG, { serial: 9 }), { code: 'unknown-store' })
  await t.rejects(memory.learn(PKG, pageOf([fileOf('pkg-1.0.tar.gz')])), { code: 'unknown-store' })
  t.equal(await memory.of(PKG), before, 'nothing of it was learned')
  t.equal((await known(subject, keyOf(0)))?.finding.kind, 'attested', 'what is known is known')
  t.equal(subject.events.filter(event => event.type === 'unknown').length, 1, 'said once')

  rmSync(ballast)
  await subject.store.probe()
  subject.store.journal.record(entry(accepted + 1))
  await subject.close()
  t.strictSame(
    readJournal(subject.file).map(({ filename }) => filename),
    Array.from({ length: accepted + 2 }, (_, number) => entry(number).filename),
    'every verdict that was given is in the journal, and none that was not',
  )
})

t.test('it recovers by itself when there is room again', async t => {
  const disk = smallDisk(t, '6m')
  if (disk === undefined) return void t.pass('no disk can be mounted here', { skip: true })
  const subject = await diskSubject(t, { folder: join(disk.folder, 'data') })
  const ballast = fill(disk.folder)
  let number = 0
  const give = (): void => {
    number += 1
    subject.store.journal.record(entry(number))
  }
  await until('the disk is full', () => {
    try {
      for (let hit = 0; hit < 2_000; hit += 1) give()
      return false
    } catch {
      return true
    }
  })
  rmSync(ballast)
  await until('there is room again', () => {
    try {
      give()
      return true
    } catch {
      return false
    }
  })
  t.pass('without anybody asking for it')
})

t.test('a journal entry is on disk within a second, without anybody asking', async t => {
  const subject = await diskSubject(t)
  subject.store.journal.record(entry())
  t.equal(readJournal(subject.file).length, 0, 'beside the request')
  await until('it is on disk', () => readJournal(subject.file).length > 0)
  t.equal(readJournal(subject.file).length, 1)
  await inAnyRound(
    t,
    'ms until another is on disk',
    async round => {
      const began = performance.now()
      subject.store.journal.record(entry(round + 2))
      await until('it is on disk', () => readJournal(subject.file).length === round + 2)
      return { ms: performance.now() - began }
    },
    ({ ms }) => ms < 1_000,
  )
})

t.test('another program that writes does not lose anything', async t => {
  const subject = await diskSubject(t)
  const other = new Database(subject.file)
  t.teardown(() => other.close())
  other.exec('begin immediate')
  subject.store.journal.record(entry(1))
  await t.rejects(subject.store.journal.flush(), { code: 'unknown-store', detail: /SQLITE_BUSY/ })
  other.exec('rollback')
  await until('the row is written', () => readJournal(subject.file).length === 1)
  subject.store.journal.record(entry(2))
  t.equal((await subject.journal()).length, 2)
})

t.test('what is older than it is kept goes, in small pieces', async t => {
  const subject = await diskSubject(t)
  for (let number = 0; number < 1_200; number += 1) {
    subject.store.journal.record(entry(number, { at: instant(START + number) }))
    await find(subject, keyOf(number), { ...ATTESTED, found: instant(START + number) })
  }
  const failed = { ...keyOf(0), trustDigest: 'any' }
  await find(subject, failed, { finding: { kind: 'invalid', why: 'signature-invalid', detail: '' }, found: START })
  await subject.close()
  const database = new Database(subject.file)
  const retention = createRetention({
    database,
    confirmed: () => instant(START + 1_100 + 1_000),
    keep: millis(1_000),
    room: { bytes: () => 0, step: () => false, gone() {} },
    forgotten() {},
  })
  let steps = 0
  while (retention.step()) steps += 1
  retention.close()
  t.ok(steps >= 6, `${steps} steps`)
  t.equal(database.prepare('select count(*) from journal').pluck().get(), 100)
  t.equal(database.prepare('select count(*) from findings').pluck().get(), 101)
  database.close()
  await subject.reopen()
  t.equal((await known(subject, failed))?.finding.kind, 'invalid', 'a failure under any root stays')
  t.equal(await known(subject, keyOf(0)), undefined)
  t.equal((await known(subject, keyOf(1_199)))?.finding.kind, 'attested')
})

function edit<Result>(file: string, change: (database: Database.Database) => Result): Result {
  const database = new Database(file)
  try {
    return change(database)
  } finally {
    database.close()
  }
}
