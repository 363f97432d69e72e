import { LRUCache } from 'lru-cache'
import type { ProjectMemory } from '../../domain/memory/project-memory.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { LearnedRows, LoadedMemory } from './tables/project-tables.ts'
import type { SourceId } from './tables/sources-table.ts'
import type { Pending } from './write-behind.ts'

/** What memories may weigh together, about bytes. */
const MOST_WEIGHT = 128 * 1024 * 1024
/** What a file or a finding weighs beside its text. */
const ENTRY = 400

interface WaitingRow {
  readonly owner: WaitingMemory
  readonly write: () => void
}

/** A memory of which something is not written yet. */
interface WaitingMemory extends LoadedMemory {
  readonly source: SourceId
  readonly key: string
  memory: ProjectMemory
  characters: number
  /** how many rows of it wait */
  rows: number
}

/**
 * Memories of projects that are at hand: those that were asked for lately, bounded by what they weigh, and all of which something
 * waits to be written. So whatever is not at hand is in the database whole.
 */
export class KnownMemories implements Pending {
  readonly inPieces = true
  readonly #lately: LRUCache<string, LoadedMemory>
  readonly #waiting = new Map<string, WaitingMemory>()
  readonly #rows: WaitingRow[] = []

  constructor(mostWeight = MOST_WEIGHT) {
    this.#lately = new LRUCache({
      maxSize: mostWeight,
      sizeCalculation: ({ memory, characters }) => ENTRY * (1 + memory.size) + characters,
    })
  }

  get(source: SourceId, project: ProjectName): LoadedMemory | undefined {
    const key = keyOf(source, project)
    return this.#waiting.get(key) ?? this.#lately.get(key)
  }

  /** As it is in the database. */
  keep(source: SourceId, loaded: LoadedMemory): void {
    this.#lately.set(keyOf(source, loaded.memory.project), loaded)
  }

  /** As it is with rows that wait to be written. */
  learn(source: SourceId, loaded: LoadedMemory, { rows, characters }: LearnedRows): void {
    const { memory } = loaded
    const key = keyOf(source, memory.project)
    const owner = this.#waiting.get(key) ?? { source, key, memory, characters: loaded.characters, rows: 0 }
    owner.memory = memory
    owner.characters += characters
    owner.rows += rows.length
    this.#waiting.set(key, owner)
    this.#lately.delete(key)
    for (const write of rows) this.#rows.push({ owner, write })
  }

  /** Whatever of it is in the database is read there again. Nothing of it may wait to be written. */
  forget(source: SourceId, project: ProjectName): void {
    this.#lately.delete(keyOf(source, project))
  }

  /** Those of a source of which something waits. */
  waiting(source: SourceId): Iterable<ProjectMemory> {
    return this.#waiting
      .values()
      .filter(owner => owner.source === source)
      .map(({ memory }) => memory)
  }

  /** That of a project of which something waits. */
  waitingOf(source: SourceId, project: ProjectName): ProjectMemory | undefined {
    return this.#waiting.get(keyOf(source, project))?.memory
  }

  isWaiting(source: SourceId, project: ProjectName): boolean {
    return this.#waiting.has(keyOf(source, project))
  }

  size(): number {
    return this.#rows.length
  }

  write(limit: number, written = 0): () => void {
    const rows = this.#rows.slice(written, written + limit)
    for (const { write } of rows) write()
    return () => {
      this.#rows.splice(0, rows.length)
      for (const { owner } of rows) this.#written(owner)
    }
  }

  #written(owner: WaitingMemory): void {
    owner.rows -= 1
    if (owner.rows > 0) return
    const { key, memory, characters } = owner
    this.#waiting.delete(key)
    this.#lately.set(key, { memory, characters })
  }
}

function keyOf(source: SourceId, project: ProjectName): string {
  return `${source} ${project}`
}
