import { type Sha256, sha256Of } from '../domain/base/digest.ts'
import { GateError } from '../domain/base/errors.ts'
import { type Clock, type Instant, instant } from '../domain/base/instant.ts'
import type { Refused } from '../domain/decide/verdict.ts'
import type { FindingKey, RememberedFinding } from '../domain/memory/findings.ts'
import { createHistory, type History, type SeenFile } from '../domain/memory/history.ts'
import type { FilePath } from '../domain/packaging/artifact.ts'
import type { ProjectName } from '../domain/packaging/name.ts'
import type { Events } from '../observe/events.ts'
import type { Blobs, OpenBlob } from '../ports/blobs.ts'
import type { JournalRow } from '../ports/records.ts'
import type { Store } from '../ports/store.ts'
import { type ProvedFile, seenFiles } from './sqlite/histories-table.ts'
import { compareSights, type PageRead, readNow, type Sight } from './sqlite/sightings-table.ts'

export interface MemoryStoreOptions {
  /** the gate's; nothing here reads the time by itself */
  readonly clock: Clock
  readonly events: Events
}

export interface MemoryStore {
  readonly store: Store
  readonly blobs: Blobs
  /** everything recorded so far, oldest first */
  readonly journal: readonly JournalRow[]
}

/** The inward ports without a disk: for commands that judge one file, and for tests. Forgets everything at the end. */
export function createMemoryStore({ events }: MemoryStoreOptions): MemoryStore {
  const journal: JournalRow[] = []
  return { store: memoryDatabase(journal), blobs: memoryBlobs(events), journal }
}

function memoryDatabase(journal: JournalRow[]): Store {
  const findings = new Map<string, RememberedFinding>()
  const projects = new Map<FilePath, ProjectName>()
  const sights = new Map<ProjectName, Map<string, Sight>>()
  const pages = new Map<ProjectName, PageRead>()
  const proofs = new Map<ProjectName, Map<string, ProvedFile>>()
  const histories = new Map<ProjectName, History>()
  const serials = new Map<ProjectName, number>()
  const refusals = new Map<string, { readonly refused: Refused; readonly at: Instant }>()
  let newest = instant(0)

  function raise(at: Instant): void {
    if (at > newest) newest = at
  }

  function seenOf(project: ProjectName): readonly SeenFile[] {
    return seenFiles(sights.get(project) ?? new Map(), proofs.get(project) ?? new Map(), pages.get(project))
  }

  return {
    findings: {
      get: key => findings.get(keyOf(key)),
      put(key, remembered) {
        findings.set(keyOf(key), remembered)
        raise(remembered.found)
      },
    },
    sightings: {
      projectOf: path => projects.get(path),
      hasListed: (project, filename) => sights.get(project)?.has(filename) === true,
      record(project, files, { at, status }) {
        raise(at)
        const known = sights.get(project) ?? new Map<string, Sight>()
        const { changed, sights: fresh } = compareSights(known, files, at, pages.get(project)?.lastRead)
        for (const sight of fresh) known.set(sight.filename, sight)
        for (const { path } of files) if (!projects.has(path)) projects.set(path, project)
        sights.set(project, known)
        pages.set(project, readNow(pages.get(project), status, at))
        histories.delete(project)
        return { changed }
      },
      reread(project, at) {
        const page = pages.get(project)
        if (page !== undefined) pages.set(project, { ...page, lastRead: at })
        raise(at)
      },
      lastSerial: project => serials.get(project),
      raiseSerial(project, serial) {
        serials.set(project, Math.max(serial, serials.get(project) ?? 0))
      },
    },
    histories: {
      seen: seenOf,
      of(project) {
        let history = histories.get(project)
        if (history === undefined) {
          history = createHistory(seenOf(project))
          histories.set(project, history)
        }
        return history
      },
      proved(project, { filename, version }, proof) {
        const known = proofs.get(project) ?? new Map<string, ProvedFile>()
        proofs.set(project, known)
        if (known.has(filename)) return
        known.set(filename, { filename, version, proof })
        histories.delete(project)
        raise(proof.at)
      },
    },
    journal: {
      record(entry) {
        journal.push({ ...entry, count: 1 })
        raise(entry.at)
      },
      flush() {},
    },
    refusals: {
      put(id, refused, at) {
        refusals.set(id, { refused, at })
        raise(at)
      },
      get: id => refusals.get(id),
    },
    watermark: { newest: () => newest, raise },
    probe() {},
    close() {},
  }
}

function keyOf({ sha256, filename, trustDigest }: FindingKey): string {
  return `${sha256} ${filename} ${trustDigest}`
}

function memoryBlobs(events: Events): Blobs {
  const blobs = new Map<Sha256, Buffer>()
  let total = 0

  function store(sha256: Sha256, bytes: Buffer): void {
    if (blobs.has(sha256)) return
    blobs.set(sha256, bytes)
    total += bytes.byteLength
    events.emit({ type: 'blob', action: 'stored', bytes: bytes.byteLength, total })
  }

  return {
    async open(sha256) {
      const bytes = blobs.get(sha256)
      return bytes === undefined ? undefined : openBytes(sha256, bytes)
    },
    async writer(sha256) {
      let room = Buffer.allocUnsafeSlow(64 * 1024)
      let length = 0
      let ended = false
      return {
        async write(chunk) {
          if (ended) throw new GateError('unknown-store', 'this write has ended')
          if (length + chunk.byteLength > room.byteLength) {
            const larger = Buffer.allocUnsafeSlow(2 * (length + chunk.byteLength))
            room.copy(larger, 0, 0, length)
            room = larger
          }
          length += chunk.copy(room, length)
        },
        async commit() {
          if (ended) throw new GateError('unknown-store', 'this write has ended')
          ended = true
          const bytes = Buffer.from(room.subarray(0, length))
          const found = sha256Of(bytes)
          if (found !== sha256)
            throw new GateError('unknown-store', `sha256 ${sha256} was to be stored, the bytes have ${found}`)
          store(sha256, bytes)
        },
        async abort() {
          ended = true
        },
        read: async (buffer, position, wanted) =>
          room.copy(buffer, 0, Math.min(position, length), Math.min(position + wanted, length)),
      }
    },
    async remove(sha256) {
      total -= blobs.get(sha256)?.byteLength ?? 0
      blobs.delete(sha256)
    },
    check: async sha256 => blobs.has(sha256),
    totalBytes: () => total,
    async close() {},
  }
}

function openBytes(sha256: Sha256, bytes: Buffer): OpenBlob {
  return {
    sha256,
    size: bytes.byteLength,
    bytes,
    read: async (buffer, position) => bytes.copy(buffer, 0, position),
    close() {},
  }
}
