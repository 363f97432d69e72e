import { constants } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseSha256, type Sha256 } from '../../domain/base/digest.ts'
import { errorCode } from '../../domain/base/error-code.ts'
import { Descriptor } from './descriptor.ts'

/** Where everything lies: `ab/cd/<sha256>`, `tmp/`, `quarantine/`, all in one file system so that a rename is atomic. */
export class BlobPlaces {
  readonly root: string
  /** outer folders whose names are known to be on the disk */
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
    return join(this.root, sha256.slice(0, 2), sha256.slice(2, 4), sha256)
  }

  temporary(): string {
    this.#names += 1
    return join(this.root, 'tmp', `${process.pid}-${this.#names}`)
  }

  /** Puts a finished temporary file in its place and makes that last: the name is on the disk when this resolves. */
  async publish(temporary: string, sha256: Sha256): Promise<void> {
    const path = this.pathOf(sha256)
    const folder = dirname(path)
    try {
      await rename(temporary, path)
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error
      const outer = dirname(folder)
      await mkdir(folder, { recursive: true })
      await syncFolder(outer)
      if (!this.#lasting.has(outer)) await syncFolder(this.root)
      this.#lasting.add(outer)
      await rename(temporary, path)
    }
    await syncFolder(folder)
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
