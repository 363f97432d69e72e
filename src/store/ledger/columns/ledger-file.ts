import { rmSync } from 'node:fs'
import Database from 'better-sqlite3'
import { LRUCache } from 'lru-cache'
import type { Entry } from '../shelves/entry.ts'
import { openShelves, SHELF_TABLE_NAMES, SHELF_TABLES, type ShelfSizes, type Shelves } from '../shelves/shelves.ts'
import {
  type CodedNumbers,
  type CodedWords,
  GROUP_KINDS,
  type GroupKind,
  NUMBERS,
  type NumberColumn,
  type Segment,
  SUBJECT_SHARES,
  WORDS,
  type WordColumn,
} from './segment.ts'
import { shareOf } from './sums.ts'

/** Of the tables below; one of another version is made anew. */
const VERSION = 4
/** bytes of columns that were read lately */
const KEPT = 24 * 1024 * 1024
const SUMS = ['refused', 'watched', 'projects', 'hours', 'most'] as const

/** Ids of rows that are not in the file yet: from the first to the last. */
export type Gap = readonly [from: number, upTo: number]

/** How far the file goes: everything up to this id but the gaps, the earliest gap first; and a row by which the journal is known again. */
export interface Extent {
  readonly upTo: number
  readonly gaps: readonly Gap[]
  readonly mark: string
}

/** Who signed, as people look for it. */
export interface SaidIdentity {
  readonly word: number
  /** in lower case, a line for each part */
  readonly said: string
  readonly commit: string | undefined
}

/** One that is written down as it is now, with what its admissions come to. */
export interface FinishedSegment extends Segment {
  admissions(): Iterable<Entry>
}

/** Columns of the journal in a file of their own: made from the journal, and made again from it whenever the file is not good. */
export interface LedgerFile {
  readonly segments: readonly Segment[]
  readonly extent: Extent | undefined
  /** another one after everything was let go of: what is remembered of segments is remembered of its own */
  readonly era: object
  /** Writes them down, with how far the file goes then. */
  keep(segments: readonly FinishedSegment[], extent: Extent): void
  /** Puts some of what was kept in better order, where there is much of it. False where there is not. */
  tidy(): boolean
  /** Lets go of these. */
  drop(segments: readonly Segment[]): void
  /** Everything. */
  clear(): void
  nameProjects(names: readonly { readonly word: number; readonly name: string }[]): void
  /** Who got what, of the segments of the file. */
  readonly downloads: Pick<Shelves, 'find'>
  /** By name, after one of them. */
  projects(text: string, after: string, limit: number): readonly { readonly word: number; readonly name: string }[]
  nameIdentities(identities: readonly SaidIdentity[]): void
  /** Words of those that say this. */
  identities(part: { readonly said?: string | undefined; readonly commit?: string | undefined }): ReadonlySet<number>
  /** Words of a journal that does not number its own. */
  readonly words: {
    number(word: string): number | undefined
    give(word: string): number
    text(number: number): string | undefined
  }
  /** All that happens within is written down, or nothing. */
  together(write: () => void): void
  close(): void
}

export function openLedgerFile(file: string, sizes?: ShelfSizes): LedgerFile {
  try {
    return open(file, sizes)
  } catch {
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true })
    return open(file, sizes)
  }
}

const TABLES = `
create table facts (name text primary key not null, value text not null) strict;
create table segments (first integer primary key, last integer not null, rows integer not null, since real not null, until real not null) strict;
create table word_columns (segment integer not null, name text not null, dictionary blob not null, width integer not null, codes blob,
  primary key (segment, name)) strict;
create table number_columns (segment integer not null, name text not null, base real not null, step real not null, width integer not null,
  deltas blob, primary key (segment, name)) strict;
create table sums (segment integer not null, name text not null, numbers blob not null, primary key (segment, name)) strict;
create table projects (word integer primary key, name text not null) strict;
create index projects_name on projects (name);
create table identities (word integer primary key, said text not null, built_from text) strict;
create index identities_commit on identities (built_from);
create table words (id integer primary key, word text not null unique) strict;
${SHELF_TABLES}`

const TABLE_NAMES = [
  'facts',
  'segments',
  'word_columns',
  'number_columns',
  'sums',
  'projects',
  'identities',
  'words',
  ...SHELF_TABLE_NAMES,
]

function open(file: string, sizes: ShelfSizes | undefined): LedgerFile {
  const database = new Database(file, { timeout: 2_000 })
  try {
    database.pragma('page_size = 16384')
    database.pragma('journal_mode = wal')
    // what a loss of power takes is made again
    database.pragma('synchronous = normal')
    database.pragma('cache_size = -4096')
    const version = database.pragma('user_version', { simple: true })
    if (version === 0) {
      database.exec(TABLES)
      database.pragma(`user_version = ${VERSION}`)
    } else if (version !== VERSION) throw new TypeError('of another version')
    return use(database, sizes)
  } catch (error) {
    database.close()
    throw error
  }
}

function use(database: Database.Database, sizes: ShelfSizes | undefined): LedgerFile {
  const columns = prepareColumns(database)
  const downloads = openShelves(database, sizes)
  const fact = database.prepare<[], string>(`select value from facts where name = 'extent'`).pluck()
  const note = database.prepare<[string]>(`insert or replace into facts (name, value) values ('extent', ?)`)
  let segments: readonly Segment[] = columns.all()
  let extent = readExtent(fact.get())
  let era = {}

  const keep = database.transaction((added: readonly FinishedSegment[], now: Extent) => {
    for (const segment of added) {
      columns.write(segment)
      downloads.add(segment, segment.admissions())
    }
    note.run(JSON.stringify(now))
  })
  const clear = database.transaction(() => {
    for (const table of TABLE_NAMES) database.exec(`delete from ${table}`)
  })
  const tidy = database.transaction(() => downloads.putTogether())
  const drop = database.transaction((gone: readonly Segment[]) => {
    for (const { first } of gone) columns.remove(first)
    const left = columns.all()
    downloads.keepOnly(new Set(left.map(({ first }) => first)))
    return left
  })
  return {
    downloads,
    get segments() {
      return segments
    },
    get extent() {
      return extent
    },
    get era() {
      return era
    },
    keep(added, now) {
      keep.immediate(added, now)
      extent = now
      if (added.length > 0) segments = columns.all()
    },
    tidy: () => tidy.immediate(),
    drop(gone) {
      segments = drop.immediate(gone)
    },
    clear() {
      clear.immediate()
      columns.forget()
      downloads.forget()
      era = {}
      extent = undefined
      segments = []
    },
    ...prepareNames(database),
    words: prepareWords(database),
    together: write => database.transaction(write).immediate(),
    close: () => void database.close(),
  }
}

function readExtent(text: string | undefined): Extent | undefined {
  return text === undefined ? undefined : (JSON.parse(text) as Extent)
}

interface SegmentRow {
  readonly first: number
  readonly last: number
  readonly rows: number
  readonly since: number
  readonly until: number
}

function prepareColumns(database: Database.Database): {
  all(): readonly Segment[]
  write(segment: Segment): void
  remove(first: number): void
  forget(): void
} {
  const select = database.prepare<[], SegmentRow>('select first, last, rows, since, until from segments order by first')
  const insert = database.prepare<[number, number, number, number, number]>(
    'insert into segments (first, last, rows, since, until) values (?, ?, ?, ?, ?)',
  )
  const insertWords = database.prepare<[number, string, Buffer, number, Buffer | null]>(
    'insert into word_columns (segment, name, dictionary, width, codes) values (?, ?, ?, ?, ?)',
  )
  const insertNumbers = database.prepare<[number, string, number, number, number, Buffer | null]>(
    'insert into number_columns (segment, name, base, step, width, deltas) values (?, ?, ?, ?, ?, ?)',
  )
  const insertSums = database.prepare<[number, string, Buffer]>(
    'insert into sums (segment, name, numbers) values (?, ?, ?)',
  )
  const removals = ['segments where first', 'word_columns where segment', 'number_columns where segment'].map(rows =>
    database.prepare<[number]>(`delete from ${rows} = ?`),
  )
  const removeSums = database.prepare<[number]>('delete from sums where segment = ?')
  const read = prepareReads(database)

  return {
    all: () => select.all().map(row => storedSegment(row, read)),
    write(segment) {
      const { first, last, rows, since, until } = segment
      insert.run(first, last, rows, since, until)
      for (const name of WORDS) {
        const { dictionary, codes } = segment.words(name)
        insertWords.run(first, name, bytesOf(dictionary), codes?.BYTES_PER_ELEMENT ?? 0, codes ? bytesOf(codes) : null)
      }
      for (const name of NUMBERS) {
        const { base, step, deltas } = segment.numbers(name)
        const width = deltas?.BYTES_PER_ELEMENT ?? 0
        insertNumbers.run(first, name, base, step, width, deltas ? bytesOf(deltas) : null)
      }
      const sums = segment.sums()
      for (const name of SUMS) insertSums.run(first, name, bytesOf(sums[name]))
      for (const kind of GROUP_KINDS)
        for (let share = 0; share < SUBJECT_SHARES; share += 1)
          insertSums.run(first, ofShare(kind, share), bytesOf(segment.ofSubject(kind, share)))
    },
    remove(first) {
      for (const removal of [...removals, removeSums]) removal.run(first)
    },
    forget: () => read.forget(),
  }
}

interface Reads {
  words(segment: number, name: WordColumn): CodedWords
  numbers(segment: number, name: NumberColumn): CodedNumbers
  sums(segment: number, name: string): Float64Array
  forget(): void
}

function prepareReads(database: Database.Database): Reads {
  const words = database.prepare<
    [number, string],
    { readonly dictionary: Buffer; readonly width: number; readonly codes: Buffer | null }
  >('select dictionary, width, codes from word_columns where segment = ? and name = ?')
  const numbers = database.prepare<
    [number, string],
    { readonly base: number; readonly step: number; readonly width: number; readonly deltas: Buffer | null }
  >('select base, step, width, deltas from number_columns where segment = ? and name = ?')
  const sums = database
    .prepare<[number, string], Buffer>('select numbers from sums where segment = ? and name = ?')
    .pluck()
  const kept = new LRUCache<string, CodedWords | CodedNumbers>({ maxSize: KEPT })

  function once<Column extends CodedWords | CodedNumbers>(
    key: string,
    bytes: (column: Column) => number,
    read: () => Column,
  ): Column {
    const before = kept.get(key)
    if (before !== undefined) return before as Column
    const column = read()
    kept.set(key, column, { size: 200 + bytes(column) })
    return column
  }

  return {
    words: (segment, name) =>
      once<CodedWords>(
        `${segment} ${name}`,
        ({ dictionary, codes }) => dictionary.byteLength + (codes?.byteLength ?? 0),
        () => {
          const row = words.get(segment, name)
          if (row === undefined) throw lacking()
          const { dictionary, width, codes } = row
          return {
            dictionary: new Uint32Array(aligned(dictionary)),
            codes:
              codes === null
                ? undefined
                : width === 1
                  ? new Uint8Array(aligned(codes))
                  : new Uint16Array(aligned(codes)),
          }
        },
      ),
    numbers: (segment, name) =>
      once<CodedNumbers>(
        `${segment} ${name}`,
        ({ deltas }) => deltas?.byteLength ?? 0,
        () => {
          const row = numbers.get(segment, name)
          if (row === undefined) throw lacking()
          const { base, step, width, deltas } = row
          return { base, step, deltas: deltas === null ? undefined : deltasOf(aligned(deltas), width) }
        },
      ),
    sums(segment, name) {
      const bytes = sums.get(segment, name)
      if (bytes === undefined) throw lacking()
      return new Float64Array(aligned(bytes))
    },
    forget: () => kept.clear(),
  }
}

function storedSegment({ first, last, rows, since, until }: SegmentRow, read: Reads): Segment {
  return {
    first,
    last,
    rows,
    since,
    until,
    words: name => read.words(first, name),
    numbers: name => read.numbers(first, name),
    ofSubject: (kind, subject) => read.sums(first, ofShare(kind, shareOf(subject))),
    sums: () => ({
      get refused() {
        return read.sums(first, 'refused')
      },
      get watched() {
        return read.sums(first, 'watched')
      },
      get projects() {
        return read.sums(first, 'projects')
      },
      get hours() {
        return read.sums(first, 'hours')
      },
      get most() {
        return read.sums(first, 'most')
      },
    }),
  }
}

function ofShare(kind: GroupKind, share: number): string {
  return `${kind} of ${share}`
}

function lacking(): TypeError {
  return new TypeError('a column is not there')
}

function bytesOf({ buffer, byteOffset, byteLength }: NodeJS.TypedArray): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}

/** What numbers of some bytes can be read in. */
function aligned(bytes: Buffer): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = bytes
  if (buffer instanceof ArrayBuffer && byteOffset === 0 && buffer.byteLength === byteLength) return buffer
  return Uint8Array.from(bytes).buffer
}

function deltasOf(bytes: ArrayBuffer, width: number): NonNullable<CodedNumbers['deltas']> {
  if (width === 1) return new Uint8Array(bytes)
  if (width === 2) return new Uint16Array(bytes)
  return width === 4 ? new Uint32Array(bytes) : new Float64Array(bytes)
}

function prepareNames(
  database: Database.Database,
): Pick<LedgerFile, 'nameProjects' | 'projects' | 'nameIdentities' | 'identities'> {
  const addProject = database.prepare<[number, string]>('insert or ignore into projects (word, name) values (?, ?)')
  const projects = database.prepare<[string, string, number], { readonly word: number; readonly name: string }>(
    'select word, name from projects where name > ? and instr(name, ?) > 0 order by name limit ?',
  )
  const addIdentity = database.prepare<[number, string, string | null]>(
    'insert or ignore into identities (word, said, built_from) values (?, ?, ?)',
  )
  const saying = database.prepare<[string], number>('select word from identities where instr(said, ?) > 0').pluck()
  const builtFrom = database.prepare<[string], number>('select word from identities where built_from = ?').pluck()
  return {
    nameProjects: database.transaction(names => {
      for (const { word, name } of names) addProject.run(word, name)
    }),
    projects: (text, after, limit) => projects.all(after, text, limit),
    nameIdentities: database.transaction(identities => {
      for (const { word, said, commit } of identities) addIdentity.run(word, said, commit ?? null)
    }),
    identities({ said, commit }) {
      const bySaying = said === undefined ? undefined : new Set(saying.all(said.toLowerCase()))
      const byCommit = commit === undefined ? undefined : new Set(builtFrom.all(commit))
      return bySaying !== undefined && byCommit !== undefined
        ? bySaying.intersection(byCommit)
        : (bySaying ?? byCommit ?? new Set())
    },
  }
}

function prepareWords(database: Database.Database): LedgerFile['words'] {
  const number = database.prepare<[string], number>('select id from words where word = ?').pluck()
  const insert = database.prepare<[string]>('insert into words (word) values (?)')
  const text = database.prepare<[number], string>('select word from words where id = ?').pluck()
  return {
    number: word => number.get(word),
    give: word => number.get(word) ?? Number(insert.run(word).lastInsertRowid),
    text: id => text.get(id),
  }
}
