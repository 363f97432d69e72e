import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Sha256 } from '../../domain/base/digest.ts'
import { storeError } from '../failure/store-error.ts'

/** What was stored here and is not in the bucket yet, by name, in a folder of its own: a process that is killed leaves it to the next. */
export class PendingUploads {
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** Throws `unknown-store` where the folder cannot be made. */
  static async open(folder: string): Promise<PendingUploads> {
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      return new PendingUploads(folder)
    } catch (error) {
      throw storeError('what waits for the bucket cannot be written down', error)
    }
  }

  async all(): Promise<readonly Sha256[]> {
    try {
      return (await readdir(this.#folder)).filter((name): name is Sha256 => /^[0-9a-f]{64}$/.test(name))
    } catch (error) {
      throw storeError('what waits for the bucket cannot be read', error)
    }
  }

  async add(sha256: Sha256): Promise<void> {
    try {
      await writeFile(join(this.#folder, sha256), '', { mode: 0o600 })
    } catch (error) {
      throw storeError('what waits for the bucket cannot be written down', error)
    }
  }

  /** One that stays is looked for in the bucket once more at the next start. */
  async remove(sha256: Sha256): Promise<void> {
    await rm(join(this.#folder, sha256), { force: true }).catch(() => {})
  }
}
