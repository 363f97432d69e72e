import { numberAt, type Segment, wordAt } from '../columns/segment.ts'
import { isOutside, isWhole, select, type Wanted } from '../columns/select.ts'
import { compareKeys, ENTRY_WORDS, type Entry, KEY } from '../shelves/entry.ts'
import type { Asked } from './wanted.ts'

/** What one comes to, of the rows that are wanted. */
export interface Download {
  /** words of {@link KEY} */
  readonly key: readonly number[]
  requests: number
  first: number
  last: number
  lastId: number
  project: number
  code: number
  rule: number
  source: number
}

const [PROJECT, CODE, RULE, SOURCE] = [
  ENTRY_WORDS.indexOf('project'),
  ENTRY_WORDS.indexOf('code'),
  ENTRY_WORDS.indexOf('rule'),
  ENTRY_WORDS.indexOf('source'),
]

/** Some, with what is to be looked at before this id; `undefined`: nothing. */
export interface Found {
  readonly downloads: readonly Download[]
  readonly rest: number | undefined
}

/** The first so many that are met on the way back from an id and not after it, the latest first. */
export function downloadsBefore(asked: Asked, wanted: Wanted, before: number, most: number): Found {
  const { downloads, rest } = met(asked, wanted, before, most)
  sumUp(asked, wanted, downloads)
  // what came again later was met there
  return { downloads: [...downloads.values()].filter(({ lastId }) => lastId < before), rest }
}

function met(
  { scene, deadline }: Asked,
  wanted: Wanted,
  before: number,
  most: number,
): { readonly downloads: Map<string, Download>; readonly rest: number | undefined } {
  const downloads = new Map<string, Download>()
  for (const segment of scene.segments.toReversed()) {
    if (segment.first >= before) continue
    const rows = select(segment, wanted)
    for (const { key, id } of rows.length === 0 ? [] : latestIn(segment, rows)) {
      if (id >= before) continue
      const text = key.join(' ')
      if (downloads.has(text)) continue
      if (downloads.size === most) return { downloads, rest: id + 1 }
      downloads.set(text, begin(key))
    }
    if (performance.now() > deadline) return { downloads, rest: segment.first }
  }
  return { downloads, rest: undefined }
}

/** Of each key the last of these rows, the last first. */
function* latestIn(
  segment: Segment,
  rows: Uint32Array,
): Generator<{ readonly key: readonly number[]; readonly id: number }> {
  const read = reader(segment)
  const seen = new Set<number>()
  for (let place = rows.length - 1; place >= 0; place -= 1) {
    const row = rows[place] ?? 0
    const short = read.short(row)
    if (seen.has(short)) continue
    seen.add(short)
    yield { key: read.key(row), id: read.id(row) }
  }
}

function begin(key: readonly number[]): Download {
  return { key, requests: 0, first: Infinity, last: -Infinity, lastId: 0, project: 0, code: 0, rule: 0, source: 0 }
}

/** Of whole segments of the file what lies on the shelves, of others every row. */
function sumUp(asked: Asked, wanted: Wanted, downloads: ReadonlyMap<string, Download>): void {
  if (downloads.size === 0) return
  const stored = new Set(asked.file.segments)
  const shelved = new Set<number>()
  for (const segment of asked.scene.segments) {
    if (isOutside(segment, wanted)) continue
    if (stored.has(segment) && isWhole(segment, wanted)) shelved.add(segment.first)
    else addRows(segment, wanted, downloads)
  }
  addShelved(asked, wanted, downloads, shelved)
}

function addShelved(
  { file }: Asked,
  { conditions }: Wanted,
  downloads: ReadonlyMap<string, Download>,
  segments: ReadonlySet<number>,
): void {
  const inOrder = [...downloads.values()].sort((one, other) => compareKeys(one.key, other.key))
  // everything on a shelf was admitted
  const tests = conditions
    .filter(({ column }) => column !== 'outcome')
    .map(({ column, accepts }) => [ENTRY_WORDS.indexOf(column as 'code'), accepts] as const)
  file.downloads.find(
    inOrder.map(({ key }) => key),
    segment => segments.has(segment),
    (place, entry) => {
      const download = inOrder[place]
      if (download !== undefined && tests.every(([column, accepts]) => accepts(entry.words[column] ?? 0)))
        add(download, entry)
    },
  )
}

function addRows(segment: Segment, wanted: Wanted, downloads: ReadonlyMap<string, Download>): void {
  const [files, clients] = [new Set<number>(), new Set<number>()]
  for (const { key } of downloads.values()) {
    files.add(key[KEY.indexOf('filename')] ?? 0)
    clients.add(key[KEY.indexOf('client')] ?? 0)
  }
  // what few rows have first: what is asked for passes over whole segments
  const conditions = [
    ...wanted.conditions,
    { column: 'client', accepts: (word: number) => clients.has(word) } as const,
    { column: 'filename', accepts: (word: number) => files.has(word) } as const,
  ]
  const rows = select(segment, { ...wanted, conditions })
  if (rows.length === 0) return
  const read = reader(segment)
  const known = new Map<number, Download | undefined>()
  for (const row of rows) {
    const short = read.short(row)
    let download = known.get(short)
    if (download === undefined && !known.has(short)) {
      download = downloads.get(read.key(row).join(' '))
      known.set(short, download)
    }
    if (download !== undefined) add(download, read.entry(row))
  }
}

function add(download: Download, { words, requests, first, last, lastId }: Omit<Entry, 'segment'>): void {
  download.requests += requests
  download.first = Math.min(download.first, first)
  download.last = Math.max(download.last, last)
  if (lastId < download.lastId) return
  download.lastId = lastId
  download.project = words[PROJECT] ?? 0
  download.code = words[CODE] ?? 0
  download.rule = words[RULE] ?? 0
  download.source = words[SOURCE] ?? 0
}

interface Reader {
  /** Tells keys of this segment apart. */
  short(row: number): number
  key(row: number): readonly number[]
  id(row: number): number
  entry(row: number): Omit<Entry, 'segment'>
}

function reader(segment: Segment): Reader {
  const keys = KEY.map(column => segment.words(column))
  const sizes = keys.map(({ dictionary }) => dictionary.length)
  // more than a number can tell apart exactly is told apart by its place
  const isShort = sizes.reduce((product, size) => product * size, 1) < Number.MAX_SAFE_INTEGER
  const ids = segment.numbers('id')
  return {
    short(row) {
      if (!isShort) return row
      let short = 0
      for (let place = 0; place < keys.length; place += 1)
        short = short * (sizes[place] ?? 1) + (keys[place]?.codes?.[row] ?? 0)
      return short
    },
    key: row => keys.map(its => wordAt(its, row)),
    id: row => numberAt(ids, row),
    entry(row) {
      const at = numberAt(segment.numbers('at'), row)
      return {
        words: ENTRY_WORDS.map(column => wordAt(segment.words(column), row)),
        requests: numberAt(segment.numbers('count'), row),
        first: at,
        last: at,
        lastId: numberAt(ids, row),
      }
    },
  }
}
