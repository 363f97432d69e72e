import { constants, existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseSha256, type Sha256 } from '../../domain/base/digest.ts'
import { errorCode } from '../../domain/base/error-code.ts'
import { Descriptor } from './descriptor.ts'

/** Below the folder of all blobs. */
export function placeOf(sha256: Sha256): string {
  return `${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}`
}

/** An empty file: as long as it is there, a file in its place that nothing is on record of may be one that a power cut left half-written. */
const UNSETTLED = 'unsettled'

/** Where everything lies: `ab/cd/<sha256>`, `tmp/`, `quarantine/`, all in one file system so that a rename is atomic. */
export class BlobPlaces {
  readonly root: string
  /** folders whose own names are known to be on the disk */
  readonly #lasting = new Set<string>()
  #names = 0

  constructor(root: string) {
    this.root = root
  }

  /** Makes the folders and clears away what an earlier process left half-written. */
  async prepare(): Promise<void> {
    await mkdir(join(this.root, 'quarantine'), { recursive: true })
    await rm(join(this.root, 'tmp'), { recursive: true, force: true })
    await mkdir(join(this.root, 'tmp'))
  }

  pathOf(sha256: Sha256): string {
    return join(this.root, placeOf(sha256))
  }

  temporary(): string {
    this.#names += 1
    return join(this.root, 'tmp', `${process.pid}-${this.#names}`)
  }

  /** Puts a finished temporary file in its place, where whoever is killed after this leaves it. */
  async publish(temporary: string, sha256: Sha256): Promise<void> {
    const path = this.pathOf(sha256)
    try {
      await rename(temporary, path)
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error
      this.#lasting.delete(dirname(path))
      await mkdir(dirname(path), { recursive: true })
      await rename(temporary, path)
    }
  }

  /** The folders that are to be synced for a blob's name to last; those of the folders themselves, too, as long as they are new. */
  foldersOf(sha256: Sha256): readonly string[] {
    const folder = dirname(this.pathOf(sha256))
    return this.#lasting.has(folder) ? [folder] : [folder, dirname(folder), this.root]
  }

  /** What has been done in the folder so far is on the disk when this resolves. */
  sync(folder: string): Promise<void> {
    return syncFolder(folder)
  }

  /** The folders of this blob were synced. */
  lasts(sha256: Sha256): void {
    this.#lasting.add(dirname(this.pathOf(sha256)))
  }

  /** Whether a process ended here that had said that there may be files whose bytes are not on the disk. */
  get isUnsettled(): boolean {
    return existsSync(join(this.root, UNSETTLED))
  }

  /** Says so, on the disk, before the first of them is put in its place. */
  async markUnsettled(): Promise<void> {
    const mark = await Descriptor.open(join(this.root, UNSETTLED), constants.O_WRONLY | constants.O_CREAT, 0o600)
    mark.release()
    await syncFolder(this.root)
  }

  /** There is none any more. */
  async clearUnsettled(): Promise<void> {
    await rm(join(this.root, UNSETTLED), { force: true })
  }

  /** Moves whatever stands in a blob's place out of the way. */
  async setAside(sha256: Sha256, stamp: string): Promise<void> {
    this.#names += 1
    const aside = join(this.root, 'quarantine', `${sha256}.${stamp}.${this.#names}`)
    try {
      await rename(this.pathOf(sha256), aside)
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error
    }
  }

  /** Every blob on the disk, one folder at a time. */
  async *folders(): AsyncGenerator<readonly Sha256[]> {
    for (const outer of await namesIn(this.root)) {
      if (!HEX2.test(outer)) continue
      for (const inner of await namesIn(join(this.root, outer))) {
        if (!HEX2.test(inner)) continue
        const names = await namesIn(join(this.root, outer, inner))
        yield names.flatMap(name => (name.startsWith(outer + inner) ? (parseSha256(name) ?? []) : []))
      }
    }
  }
}

const HEX2 = /^[0-9a-f]{2}$/

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch {
    return [] // gone, or not a folder
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await Descriptor.open(path, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await folder.sync()
  } finally {
    folder.release()
  }
}
