import { existsSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import Database from 'better-sqlite3'
import { statText } from '../../../src/store/disk/stat-record.ts'
import { type Change, foldersOf } from './recorded-calls.ts'

/** What becomes of that which was not synced when the power goes, from 0, it is lost, to 1. */
export interface Fate {
  readonly name: string
  /** asked once: up to which of the last changes of names they last */
  readonly names: () => number
  /** asked for each page, each truncation, and the length of each file */
  readonly bytes: () => number
}

const PAGE = 4096

/** The same numbers for the same seed. */
export function whimsOf(seed: number): () => number {
  let state = seed * 2_654_435_761 + 1
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 3_266_489_917) | 0
    return ((state ^ (state >>> 13)) >>> 0) / 4_294_967_296
  }
}

interface Cut {
  readonly changes: readonly Change[]
  /** the folder that they were made in, and the one that is made of it */
  readonly from: string
  readonly to: string
  /** place in the order of everything: what began later never was */
  readonly at: number
  readonly fate: Fate
}

/**
 * Makes a folder as a disk has it on which the power went at a moment: all that was synced by then, and of the rest any pages, any length between
 * what was synced and what was written, and the changes of names up to any moment since the last of them that was synced, as a file system
 * with a journal has them. Whether names are on the disk is told by a sync of their folder alone, bytes by one of their file.
 */
export function cutAt({ changes, from, to, at, fate }: Cut): void {
  const past = changes.filter(({ begun }) => begun <= at)
  const names = namesOf(past, at, fate)
  mkdirSync(to, { recursive: true })
  for (const folder of names.folders) mkdirSync(placeIn(to, from, folder), { recursive: true })
  for (const [path, file] of names.files) {
    // shared memory, not a file that anybody reads after a start
    if (path.endsWith('-shm')) continue
    const place = placeIn(to, from, path)
    mkdirSync(dirname(place), { recursive: true })
    writeFileSync(place, contentOf(past, file, at, fate), { mode: 0o600 })
  }
}

/**
 * A file that was made anew here has another inode and other times than it had on the disk. Puts those of the file that stands there in place of every
 * stat record that is of its size, so that whatever the database would believe, it believes here.
 */
export function believeStatRecords(data: string): void {
  const file = join(data, 'portcullis.sqlite')
  if (!existsSync(file)) return
  const database = new Database(file)
  try {
    const rows = database.prepare<[], { sha256: string; stat: string }>('select sha256, stat from blobs').all()
    const update = database.prepare<[string, string]>('update blobs set stat = ? where sha256 = ?')
    for (const { sha256, stat } of rows) {
      const path = join(data, 'blobs', sha256.slice(0, 2), sha256.slice(2, 4), sha256)
      const found = lstatSync(path, { bigint: true, throwIfNoEntry: false })
      if (found !== undefined && stat.split(':')[2] === `${found.size}`) update.run(statText(found), sha256)
    }
  } catch {
    // it was cut in the making, and has no such table yet
  } finally {
    database.close()
  }
}

function placeIn(to: string, from: string, path: string): string {
  return `${to}/${relative(from, path)}`
}

/** A change is on the disk when a sync of it began after it, and ended. */
function lasts(change: Change, syncs: readonly Change[], at: number): boolean {
  return syncs.some(({ begun, ended }) => begun > change.ended && ended <= at)
}

function namesOf(
  past: readonly Change[],
  at: number,
  fate: Fate,
): { readonly files: ReadonlyMap<string, number>; readonly folders: ReadonlySet<string> } {
  const made = past.filter(change => foldersOf(change).length > 0)
  const syncs = Map.groupBy(past, change => (change.kind === 'sync-names' ? change.path : ''))
  const least = made.findLastIndex(change =>
    foldersOf(change).some(folder => lasts(change, syncs.get(folder) ?? [], at)),
  )
  const kept = least + 1 + Math.round((made.length - least - 1) * fate.names())
  const files = new Map<string, number>()
  const folders = new Set<string>()
  for (const change of made.slice(0, kept)) {
    if (change.kind === 'create') files.set(change.path, change.file)
    else if (change.kind === 'folder') folders.add(change.path)
    else if (change.kind === 'remove') {
      files.delete(change.path)
      folders.delete(change.path)
    } else if (change.kind === 'rename') {
      const file = files.get(change.from)
      files.delete(change.from)
      if (file !== undefined) files.set(change.to, file)
    }
  }
  return { files, folders }
}

function contentOf(past: readonly Change[], file: number, at: number, fate: Fate): Buffer {
  const own = past.filter(change => 'file' in change && change.file === file)
  const syncs = own.filter(({ kind }) => kind === 'sync')
  const content = Buffer.alloc(Math.max(0, ...own.map(change => endOf(change))))
  let [length, grown] = [0, 0]
  for (const change of own) {
    const isSynced = lasts(change, syncs, at)
    if (change.kind === 'truncate' && (isSynced || fate.bytes() > 0.5)) {
      content.fill(0, change.size)
      length = change.size
      grown = change.size
    }
    if (change.kind !== 'write') continue
    const end = endOf(change)
    grown = Math.max(grown, end)
    for (let start = change.at; start < end; ) {
      const next = Math.min(end, start - (start % PAGE) + PAGE)
      if (isSynced || fate.bytes() > 0.5) {
        length = Math.max(length, next)
        change.bytes.copy(content, start, start - change.at, next - change.at)
      }
      start = next
    }
  }
  // its length may be on the disk where its bytes are not: zeros
  return content.subarray(0, fate.bytes() > 0.5 ? Math.max(length, grown) : length)
}

function endOf(change: Change): number {
  if (change.kind === 'truncate') return change.size
  return change.kind === 'write' ? change.at + change.bytes.length : 0
}
