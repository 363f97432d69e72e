import type Database from 'better-sqlite3'
import { LRUCache } from 'lru-cache'
import type { Entry, Shelved } from './entry.ts'
import { merged, type Shelf, ShelfReader, writeShelf } from './shelf.ts'

/** So many shelves of one segment are put together: some tenths of a second. */
const TOGETHER = 16
/** Bytes of a block: some hundred entries, so that four are a page of the file. */
const BLOCK = 3_900
/** Blocks of a shelf at most. */
const BLOCKS = 2 ** 20
/** bytes of what blocks begin with that were read lately */
const KEPT = 4 * 1024 * 1024

export const SHELF_TABLES = `
create table shelves (id integer primary key, segments text not null, begins blob not null) strict;
create table shelf_blocks (id integer primary key, entries blob not null) strict;`
export const SHELF_TABLE_NAMES = ['shelves', 'shelf_blocks']

export interface ShelfSizes {
  /** shelves of one segment that are put together */
  readonly together?: number
  /** bytes */
  readonly block?: number
}

/** Who got what, of the segments that are in the file: where a few of them are asked for, little of it is read. */
export interface Shelves {
  /** With all entries of the segment, in their order. */
  add(segment: Shelved, entries: Iterable<Entry>): void
  /** Where there are many shelves of one segment, makes one of the earliest. False where there are few. */
  putTogether(): boolean
  /** Lets go of what is of none of these segments. */
  keepOnly(firsts: ReadonlySet<number>): void
  /** Tells all entries of these keys, which are in their order, that are of segments that are meant. */
  find(keys: readonly (readonly number[])[], isMeant: (segment: number) => boolean, tell: Tell): void
  /** After everything went. */
  forget(): void
}

/** `place`: of the key among those that are sought. The entry is good until it returns. */
type Tell = (place: number, entry: Entry) => void

export function openShelves(database: Database.Database, sizes: ShelfSizes = {}): Shelves {
  const { together = TOGETHER, block = BLOCK } = sizes
  const stored = prepare(database)

  function write(segments: readonly Shelved[], entries: Iterable<Entry>): void {
    const id = stored.nextId()
    const begins = writeShelf(entries, segments, {
      block,
      write: (place, bytes) => stored.writeBlock(id, place, bytes),
    })
    stored.write(id, segments, begins)
  }

  return {
    add: ({ first, since }, entries) => write([{ first, since }], entries),
    putTogether() {
      const single = stored.all().filter(({ segments }) => segments.length === 1)
      if (single.length < together) return false
      const some = single.sort((one, other) => firstOf(one) - firstOf(other)).slice(0, together)
      write(
        some.flatMap(({ segments }) => segments),
        merged(some),
      )
      for (const { id } of some) stored.remove(id)
      return true
    },
    keepOnly(firsts) {
      for (const { id, segments } of stored.all())
        if (!segments.some(({ first }) => firsts.has(first))) stored.remove(id)
    },
    find(keys, isMeant, tell) {
      for (const shelf of stored.all()) {
        if (!shelf.segments.some(({ first }) => isMeant(first))) continue
        const reader = new ShelfReader(shelf)
        for (const [place, key] of keys.entries())
          for (let isThere = reader.seek(key); isThere; isThere = reader.next() && reader.isAt(key))
            if (isMeant(reader.entry.segment)) tell(place, reader.entry)
      }
    },
    forget: () => stored.forget(),
  }
}

interface StoredShelf extends Shelf {
  readonly id: number
}

function firstOf({ segments: [one] }: Shelf): number {
  return one?.first ?? 0
}

function prepare(database: Database.Database): {
  all(): readonly StoredShelf[]
  nextId(): number
  write(id: number, segments: readonly Shelved[], begins: Uint32Array): void
  writeBlock(id: number, place: number, bytes: Uint8Array): void
  remove(id: number): void
  forget(): void
} {
  const select = database.prepare<[], { readonly id: number; readonly segments: string }>(
    'select id, segments from shelves order by id',
  )
  const next = database.prepare<[], number>('select coalesce(max(id), 0) + 1 from shelves').pluck()
  const insert = database.prepare<[number, string, Buffer]>(
    'insert into shelves (id, segments, begins) values (?, ?, ?)',
  )
  const insertBlock = database.prepare<[number, Uint8Array]>('insert into shelf_blocks (id, entries) values (?, ?)')
  const begins = database.prepare<[number], Buffer>('select begins from shelves where id = ?').pluck()
  const block = database.prepare<[number], Buffer>('select entries from shelf_blocks where id = ?').pluck()
  const remove = database.prepare<[number]>('delete from shelves where id = ?')
  const removeBlocks = database.prepare<[number, number]>('delete from shelf_blocks where id >= ? and id < ?')
  const kept = new LRUCache<number, Uint32Array>({
    maxSize: KEPT,
    sizeCalculation: ({ byteLength }) => byteLength + 100,
  })

  function beginsOf(id: number): Uint32Array {
    const before = kept.get(id)
    if (before !== undefined) return before
    const read = new Uint32Array(Uint8Array.from(there(begins.get(id))).buffer)
    kept.set(id, read)
    return read
  }
  return {
    all: () =>
      select.all().map(({ id, segments }) => ({
        id,
        segments: JSON.parse(segments) as readonly Shelved[],
        get begins() {
          return beginsOf(id)
        },
        block: place => there(block.get(id * BLOCKS + place)),
      })),
    nextId: () => next.get() ?? 1,
    write(id, segments, its) {
      kept.delete(id)
      insert.run(id, JSON.stringify(segments), Buffer.from(its.buffer, its.byteOffset, its.byteLength))
    },
    writeBlock: (id, place, bytes) => void insertBlock.run(id * BLOCKS + place, bytes),
    remove(id) {
      remove.run(id)
      removeBlocks.run(id * BLOCKS, (id + 1) * BLOCKS)
      kept.delete(id)
    },
    forget: () => kept.clear(),
  }
}

function there<Bytes>(bytes: Bytes | undefined): Bytes {
  if (bytes === undefined) throw new TypeError('a block is not there')
  return bytes
}
